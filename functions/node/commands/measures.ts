// Sizes and ages as people write them behind an option.

import { UsageError } from './command.ts'

const BYTES: Record<string, number> = {
  '': 1,
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
}

/** `100`, `16k`, `1.5G`, `2MiB`. */
export function readBytes(text: string, flag: string): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:ib?|b)?$/i.exec(text) ?? []
  const factor = BYTES[unit.toUpperCase()]
  if (count === '' || factor === undefined) {
    throw new UsageError(`${flag} takes a size such as 100, 16k or 1.5G, not "${text}".`)
  }
  return Number(count) * factor
}

const SECONDS: Record<string, number> = {
  ...{ s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 },
  ...{ M: 30 * 86_400, y: 365 * 86_400 },
}

/** The time that is so long ago (`90s`, `1h30m`, `7d`, `2w`, `3M`, `1y`), or a date. */
export function readAge(text: string, flag: string, now: number): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhdwMy])/g)]
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text) {
    const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * SECONDS[unit!]!, 0)
    return now - seconds * 1000
  }
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(date)) return date
  throw new UsageError(`${flag} takes an age such as 90s, 1h30m or 7d, or a date, not "${text}".`)
}
