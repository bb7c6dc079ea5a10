// Answers as JSON: an amount of money is a decimal of dollars in text, to the millionth, since a number would
// round it and a fraction would not be read.

import type { Money } from '#shared/prices/money.ts'
import { formatUsd } from '#shared/prices/money.ts'

export type Plain<T> = T extends Money
  ? string
  : T extends readonly (infer One)[]
    ? Plain<One>[]
    : T extends object
      ? { [Name in keyof T]: Plain<T[Name]> }
      : T

const DECIMALS = 6

export function toPlain<T>(value: T): Plain<T> {
  return plain(value) as Plain<T>
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if (isMoney(value)) return formatUsd(value, DECIMALS)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

function isMoney(value: object): value is Money {
  return 'numerator' in value && 'denominator' in value
}
