// A bar with speed and time left, drawn on a terminal and nowhere else, at most ten times a second.

import type { Writable } from 'node:stream'
import { formatBytes, formatCount, formatDuration, printable } from './format.ts'

export interface Progress {
  /** Bytes moved so far, in all. */
  update(bytes: number): void
  /** Takes the bar away. */
  end(): void
}

const REDRAW_MILLISECONDS = 100
const BAR_WIDTH = 24

export function startProgress(
  label: string,
  total: number | undefined,
  out: Writable & { isTTY?: boolean; columns?: number },
  now: () => number = Date.now,
): Progress {
  if (!out.isTTY) return { update: () => undefined, end: () => undefined }
  const started = now()
  let drawn = 0
  return {
    update(bytes) {
      const at = now()
      if (at - drawn < REDRAW_MILLISECONDS) return
      drawn = at
      const line = progressLine(label, bytes, total, (at - started) / 1000)
      out.write(`\r${line.slice(0, (out.columns ?? 80) - 1)}\u001b[K`)
    },
    end() {
      if (drawn > 0) out.write('\r\u001b[K')
    },
  }
}

export function progressLine(
  label: string,
  bytes: number,
  total: number | undefined,
  seconds: number,
): string {
  return barLine(printable(label).slice(0, 32), bytes, total, seconds > 0 ? bytes / seconds : 0)
}

/** `speed` is in bytes a second. */
export function barLine(
  name: string,
  bytes: number,
  total: number | undefined,
  speed: number,
): string {
  const rate = `${formatBytes(bytes)}  ${formatBytes(speed)}/s`
  if (total === undefined || total === 0) return `${name}  ${rate}`
  const share = Math.min(1, bytes / total)
  const full = Math.round(share * BAR_WIDTH)
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full)
  const left = formatDuration(speed > 0 ? (total - bytes) / speed : Number.POSITIVE_INFINITY)
  return `${name}  ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${rate}  ${left} left`
}

/** What is known of many objects on their way; the totals grow as more are found. */
export interface Work {
  planned: number
  plannedBytes: number
  copied: number
  movedBytes: number
  same: number
  compared: number
}

export interface WorkProgress {
  update(work: Work): void
  /** Takes the bar away, for a line in its place or for good. */
  clear(): void
}

export function startWorkProgress(
  out: Writable & { isTTY?: boolean; columns?: number },
  now: () => number = Date.now,
): WorkProgress {
  if (!out.isTTY) return { update: () => undefined, clear: () => undefined }
  const started = now()
  let drawn = 0
  return {
    update(work) {
      const at = now()
      if (at - drawn < REDRAW_MILLISECONDS) return
      drawn = at
      const line = workLine(work, (at - started) / 1000)
      out.write(`\r${line.slice(0, (out.columns ?? 80) - 1)}\u001b[K`)
    },
    clear() {
      if (drawn > 0) out.write('\r\u001b[K')
    },
  }
}

export function workLine(work: Work, seconds: number): string {
  const { planned, plannedBytes, copied, movedBytes, same, compared } = work
  const label = `${formatCount(copied)} of ${formatCount(planned)}, ${formatCount(same + compared)} same`
  return barLine(label, movedBytes, plannedBytes, seconds > 0 ? movedBytes / seconds : 0)
}
