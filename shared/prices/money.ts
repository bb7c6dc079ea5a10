// Exact money: US dollars as a fraction of two integers, so that no sum depends on its order and a price a
// byte is not a rounded one. Rounding happens once, where an amount is written for a reader, and is asked for.

/** A whole number of bytes, requests or objects; a bigint where a number would not be safe. */
export type Count = number | bigint

/** US dollars, `numerator / denominator`, in lowest terms with a positive denominator. */
export interface Money {
  readonly numerator: bigint
  readonly denominator: bigint
}

const DECIMAL = /^(\d+)(?:\.(\d+))?$/

function greatestDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestDivisor(b, a % b)
}

/** Throws a RangeError at a denominator of zero, and at anything below zero: nothing here costs less. */
export function fraction(numerator: Count, denominator: Count = 1n): Money {
  const [over, under] = [BigInt(numerator), BigInt(denominator)]
  if (under <= 0n || over < 0n) throw new RangeError(`${over}/${under} is not an amount of money.`)
  const divisor = greatestDivisor(over, under)
  return { numerator: over / divisor, denominator: under / divisor }
}

export const NOTHING: Money = fraction(0n)

/** From a decimal as a price list writes it: `usd('0.023')`. A number is taken as it prints. */
export function usd(text: string | number): Money {
  const [, whole, decimals = ''] = DECIMAL.exec(plainDecimal(text)) ?? []
  if (whole === undefined) throw new RangeError(`"${text}" is not an amount of dollars.`)
  return fraction(BigInt(whole + decimals), 10n ** BigInt(decimals.length))
}

/** Prices a thousandth of a cent small print as `4e-7`. */
function plainDecimal(text: string | number): string {
  const [digits = '', exponent] = String(text).split('e-')
  if (exponent === undefined) return digits
  const [whole = '', decimals = ''] = digits.split('.')
  return `0.${'0'.repeat(Number(exponent) - 1)}${whole}${decimals}`
}

export function plus(...amounts: readonly Money[]): Money {
  return amounts.reduce(
    (sum, one) =>
      fraction(
        sum.numerator * one.denominator + one.numerator * sum.denominator,
        sum.denominator * one.denominator,
      ),
    NOTHING,
  )
}

/** `times(price, bytes, bytesOfTheUnit)`: the price of that share of a unit, exactly. */
export function times({ numerator, denominator }: Money, count: Count, of: Count = 1n): Money {
  return fraction(numerator * BigInt(count), denominator * BigInt(of))
}

/** What is missing until `target`; nothing once it is reached. */
export function shortfall(target: Money, amount: Money): Money {
  if (compareMoney(amount, target) >= 0) return NOTHING
  return fraction(
    target.numerator * amount.denominator - amount.numerator * target.denominator,
    target.denominator * amount.denominator,
  )
}

/** Below, at or above zero, as `sort` wants it. */
export function compareMoney(a: Money, b: Money): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** `1234.50`, rounded half up at the last of `decimals`: for a reader, never to go on calculating with. */
export function formatUsd({ numerator, denominator }: Money, decimals = 2): string {
  const scale = 10n ** BigInt(decimals)
  const units = (2n * numerator * scale + denominator) / (2n * denominator)
  const whole = String(units / scale)
  return decimals === 0 ? whole : `${whole}.${String(units % scale).padStart(decimals, '0')}`
}
