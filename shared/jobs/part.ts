// One part of a phase: how far it is, and who is at work on it. A step takes the part in hand, works from its
// cursor, and leaves the next one; whoever was overtaken meanwhile leaves nothing.

import { randomBytes } from 'node:crypto'
import type { Ledger } from './ledger.ts'
import type { Job, JobFields, JobKind, Part, Step, Tally } from './job.ts'
import { addTallies, names } from './job.ts'

export interface PartRecord {
  steps: number
  cursor?: unknown
  tally: Tally
  ended: boolean
  /** Whoever is at work on the next step. */
  holder?: string
}

/** A step does not go on for longer; the message that asked for it comes back after that. */
export const STEP_SECONDS = 240
/** Whoever has left no cursor for so long is dead. */
export const TERM_SECONDS = 300

const FRESH: PartRecord = { steps: 0, tally: {}, ended: false }

export async function readPart(
  ledger: Ledger,
  { job, phase, part }: Pick<JobFields, 'job' | 'phase' | 'part'>,
): Promise<PartRecord> {
  return (await ledger.read<PartRecord>(names.part(job, phase, part))) ?? FRESH
}

export type Taken =
  | { holder: string; record: PartRecord }
  /** Another is at work on it, or has done it since. */
  | { busy: string }
  | { past: PartRecord }

/** `again`: the queue gave the message a second time, so whoever had it first is gone. */
export async function takePart(ledger: Ledger, fields: JobFields, again: boolean): Promise<Taken> {
  const found = await readPart(ledger, fields)
  if (found.ended || found.steps !== fields.step) return { past: found }
  if (found.holder !== undefined && found.holder !== fields.seen && !again) {
    return { busy: found.holder }
  }
  const holder = randomBytes(9).toString('base64url')
  const record = await changePart(ledger, fields, found, { ...found, holder })
  return record ? { holder, record } : { past: await readPart(ledger, fields) }
}

/** Undefined when somebody else changed it since it was read. */
async function changePart(
  ledger: Ledger,
  { job, phase, part }: JobFields,
  seen: PartRecord,
  next: PartRecord,
): Promise<PartRecord | undefined> {
  try {
    return await ledger.change<PartRecord>(names.part(job, phase, part), (found = FRESH) => {
      if (found.steps !== seen.steps || found.holder !== seen.holder) throw new Overtaken()
      return next
    })
  } catch (error) {
    if (error instanceof Overtaken) return undefined
    throw error
  }
}

class Overtaken extends Error {}

/** What the part has become, or undefined where another overtook this step: then it leaves nothing. */
export async function workOn(
  kind: JobKind,
  job: Job,
  given: Pick<Part, 'phase' | 'of' | 'mayGoOn' | 'signal'>,
  fields: JobFields,
  taken: { holder: string; record: PartRecord },
): Promise<{ record: PartRecord; step: Step } | undefined> {
  const { record } = taken
  const lists = new Map<string, unknown[]>()
  const step = await kind.step(job, {
    ...given,
    number: fields.part,
    cursor: record.cursor,
    tally: record.tally,
    note(list, item) {
      const items = lists.get(list) ?? []
      items.push(item)
      lists.set(list, items)
    },
  })
  for (const [list, items] of lists) {
    const name = `${fields.phase}-${fields.part}-${String(record.steps).padStart(6, '0')}`
    await job.ledger.write(names.notes(job.id, list) + name, items)
  }
  const left: PartRecord = {
    steps: record.steps + 1,
    tally: addTallies([record.tally, step.tally ?? {}]),
    ended: step.cursor === undefined,
    ...(step.cursor !== undefined && { cursor: step.cursor }),
  }
  const kept = await changePart(job.ledger, fields, record, left)
  return kept && { record: kept, step }
}

/** The list that steps have noted items for, in order of parts; of one phase where it is given. */
export async function* readNotes<Item>(
  ledger: Ledger,
  id: string,
  list: string,
  phase?: number,
): AsyncGenerator<Item> {
  const prefix = names.notes(id, list) + (phase === undefined ? '' : `${phase}-`)
  let cursor: string | undefined
  do {
    const page = await ledger.list(prefix, { cursor })
    for (const { name } of page.entries) yield* (await ledger.read<Item[]>(name)) ?? []
    ;({ cursor } = page)
  } while (cursor !== undefined)
}
