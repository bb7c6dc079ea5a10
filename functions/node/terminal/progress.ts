// A bar with speed and time left, drawn on a terminal and nowhere else, at most ten times a second.

import type { Writable } from 'node:stream'
import { formatBytes, formatDuration, printable } from './format.ts'

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
  const speed = seconds > 0 ? bytes / seconds : 0
  const name = printable(label).slice(0, 32)
  const rate = `${formatBytes(bytes)}  ${formatBytes(speed)}/s`
  if (total === undefined || total === 0) return `${name}  ${rate}`
  const share = Math.min(1, bytes / total)
  const full = Math.round(share * BAR_WIDTH)
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full)
  const left = formatDuration(speed > 0 ? (total - bytes) / speed : Number.POSITIVE_INFINITY)
  return `${name}  ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${rate}  ${left} left`
}
