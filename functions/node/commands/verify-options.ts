// What `verify` is asked for, checked before anything is looked at.

import type { VerifyInput } from '#shared/integrity/input.ts'
import { toSeconds } from '#shared/storage/schema.ts'
import type { Options } from './command.ts'
import { UsageError } from './command.ts'

export function wishes(options: Options, { mode }: VerifyInput): VerifyInput {
  const coverage = options.text('coverage')
  const budget = options.text('budget')
  const isDeep = mode === 'deep' || options.flag('deep') || coverage !== undefined
  const since = options.text('since')
  const settle = options.text('settle')
  const prefix = options.text('prefix')
  if (!isDeep && (budget !== undefined || options.flag('cheapest') || options.flag('plan'))) {
    throw new UsageError('--budget, --cheapest and --plan are for a sweep that reads; add --deep.')
  }
  if (since !== undefined && Number.isNaN(Date.parse(since))) {
    throw new UsageError(`--since takes a date such as 2027-01-31, not "${since}".`)
  }
  return {
    ...(isDeep && { mode: 'deep' }),
    ...(options.flag('cheapest') && { read: 'cheapest' }),
    ...(coverage !== undefined && { coverageDays: secondsIn(coverage) / 86_400 }),
    ...(budget !== undefined && { budgetUsd: dollarsIn(budget) }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    ...(prefix !== undefined && { prefix }),
    ...(settle !== undefined && { settleSeconds: secondsIn(settle) }),
    ...(options.flag('plan') && { planOnly: true }),
    ...(options.flag('repair') && { repair: 'automatic' }),
    ...(options.flag('repairPrimary') && { repairPrimary: true }),
  }
}

function secondsIn(text: string): number {
  const seconds = /^\d+(ms|s|m|h|d)$/.test(text) ? toSeconds(text) : Number.NaN
  if (seconds > 0) return seconds
  throw new UsageError(`"${text}" is no duration: give one such as 15m or 30d.`)
}

function dollarsIn(text: string): number {
  const dollars = Number(text)
  if (text.trim() !== '' && Number.isFinite(dollars) && dollars >= 0) return dollars
  throw new UsageError(`--budget takes US dollars such as 2 or 0.50, not "${text}".`)
}
