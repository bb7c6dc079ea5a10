// What becomes of a job's record: a new phase, a part that is through, and the names by which jobs sort.

import { randomBytes } from 'node:crypto'
import type { JobRecord, Next, Phase } from './job.ts'

export function entered(record: JobRecord, next: Next, at: number): JobRecord {
  const { why: _, asked: __, ...rest } = record
  if ('phase' in next) {
    const began = new Date(at).toISOString()
    const phase: Phase = { name: next.phase, parts: next.parts.length, ended: [], began }
    return { ...rest, phases: [...record.phases, phase] }
  }
  const result = next.result === undefined ? {} : { result: next.result }
  if ('ready' in next) return { ...rest, state: 'ready', why: next.ready, ...result }
  return { ...rest, state: 'done', ...result }
}

export function withEnded(phase: Phase, part: number): Phase {
  return phase.ended.includes(part) ? phase : { ...phase, ended: [...phase.ended, part] }
}

/** With its present phase. */
export function isThrough({ phases, asked }: JobRecord): boolean {
  const phase = phases.at(-1)
  return asked !== undefined || !phase || phase.ended.length >= phase.parts
}

export function lastKey(cursor: unknown): string | undefined {
  if (typeof cursor === 'string') return cursor
  const has = typeof cursor === 'object' && cursor !== null && 'after' in cursor
  return has && typeof cursor.after === 'string' ? cursor.after : undefined
}

/** Sorts by time within a kind, and says what it is of. */
export function newId(kind: string, at: number): string {
  const time = new Date(at).toISOString().replaceAll(/[-:]|\..*/g, '')
  return `${kind}-${time}-${randomBytes(3).toString('hex')}`
}

export function timeIn(name: string): string {
  return name.slice(name.lastIndexOf('-', name.lastIndexOf('-') - 1))
}
