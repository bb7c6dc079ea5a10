// How far a migration is, while it goes on: a bar on a terminal, a line of JSON a second for machines.

import type { MigrationPlan } from '#shared/migration/plan.ts'
import { formatCount, printable } from '../terminal/format.ts'
import { barLine } from '../terminal/progress.ts'
import type { Context, OptionRow, Options } from './command.ts'
import { UsageError } from './command.ts'
import type { Seen } from './migrate-door.ts'

export const PROGRESS: OptionRow = {
  flags: '--progress <how>',
  summary: 'bar (on a terminal), json or none, on the standard error',
}

/** What is known of a phase under way. */
export interface Told {
  job: string
  phase: string
  objects: number
  bytes: number
  ofObjects: number | undefined
  ofBytes: number | undefined
  bytesPerSecond: number
  secondsLeft: number | undefined
  usd: number
  at: string | undefined
}

export interface Shown {
  update(seen: Seen): void
  end(): void
}

const NANO = 1e9

export function showProgress(
  { out, platform }: Context,
  options: Options,
  plan: MigrationPlan | undefined,
): Shown {
  const how = options.text('progress') ?? 'bar'
  if (!['bar', 'json', 'none'].includes(how)) {
    throw new UsageError(`--progress takes bar, json or none, not "${how}".`)
  }
  const stream = out.stderr as typeof out.stderr & { isTTY?: boolean; columns?: number }
  if (how === 'none' || (how === 'bar' && !stream.isTTY)) return { update() {}, end() {} }
  let begun: { phase: string; at: number; bytes: number } | undefined
  const tell = (seen: Seen): Told | undefined => {
    if (seen.phase === undefined) return undefined
    const at = platform.now()
    const bytes = bytesOf(seen)
    if (begun?.phase !== seen.phase) begun = { phase: seen.phase, at, bytes }
    const seconds = (at - begun.at) / 1000
    return toldOf(seen, plan, seconds > 0 ? (bytes - begun.bytes) / seconds : 0)
  }
  if (how === 'json') {
    return {
      update(seen) {
        const told = tell(seen)
        if (told) stream.write(`${JSON.stringify(told)}\n`)
      },
      end() {},
    }
  }
  return {
    update(seen) {
      const told = tell(seen)
      if (told) stream.write(`\r${lineOf(told).slice(0, (stream.columns ?? 80) - 1)}\u001b[K`)
    },
    end: () => void stream.write('\r\u001b[K'),
  }
}

function bytesOf({ phase, tally }: Seen): number {
  return (phase === 'copy' ? tally['copied.bytes'] : tally['bytes']) ?? 0
}

function toldOf(seen: Seen, plan: MigrationPlan | undefined, bytesPerSecond: number): Told {
  const { phase = '', tally, id, at } = seen
  const isCopy = phase === 'copy'
  const ways = plan?.ways ?? []
  const whole = plan?.inventory
  const ofBytes = isCopy && plan ? ways.reduce((sum, way) => sum + way.bytes, 0) : whole?.bytes
  const bytes = bytesOf(seen)
  const left = ofBytes === undefined ? undefined : Math.max(ofBytes - bytes, 0)
  return {
    ...{ job: id, phase, bytes, ofBytes, bytesPerSecond, at },
    objects: (isCopy ? tally['copied'] : tally['objects']) ?? 0,
    ofObjects: isCopy && plan ? ways.reduce((sum, way) => sum + way.objects, 0) : whole?.objects,
    secondsLeft: left !== undefined && bytesPerSecond > 0 ? left / bytesPerSecond : undefined,
    usd: (tally['nano'] ?? 0) / NANO,
  }
}

function lineOf({
  phase,
  objects,
  ofObjects,
  bytes,
  ofBytes,
  bytesPerSecond,
  usd,
  at,
}: Told): string {
  const of = ofObjects === undefined ? '' : ` of ${formatCount(ofObjects)}`
  const line = barLine(`${phase}  ${formatCount(objects)}${of}`, bytes, ofBytes, bytesPerSecond)
  return `${line}${usd > 0 ? `  ${usd.toFixed(2)} USD` : ''}${at === undefined ? '' : `  ${printable(at)}`}`
}
