// What a migration has spent today, over all its phases and whoever works on them: each part keeps its own count in
// the ledger, and whoever asks adds them up.

import type { Job, Part } from '#shared/jobs/job.ts'
import type { MigrateInput } from './input.ts'
import type { Share } from './throttle.ts'
import { nanoLeft, shareOf } from './throttle.ts'

interface Spent {
  day: string
  nano: number
}

const FOLDER = 'spent/'

/** This part's share of what the job may do. */
export async function shareOfPart(job: Job<MigrateInput>): Promise<Share> {
  const { input, phases, ledger } = job
  const { limits } = input
  if (!limits) return {}
  const { parts = 1, ended = [] } = phases.at(-1) ?? {}
  const open = Math.max(1, parts - ended.length)
  const { usdPerDay } = limits
  if (usdPerDay === undefined) return shareOf(limits, open)
  let spent = 0
  let cursor: string | undefined
  do {
    const page = await ledger.list(job.own(FOLDER), { cursor })
    const records = await Promise.all(page.entries.map(({ name }) => ledger.read<Spent>(name)))
    for (const one of records) if (one?.day === dayOf(job.now())) spent += one.nano
    ;({ cursor } = page)
  } while (cursor !== undefined)
  return { ...shareOf(limits, open), nano: nanoLeft(usdPerDay, spent, open) }
}

/** Only where it is asked for; a step that is done twice counts twice. */
export async function noteSpending(
  job: Job<MigrateInput>,
  { number }: Pick<Part, 'number'>,
  nano: number,
): Promise<void> {
  const { input, phases, ledger } = job
  if (input.limits?.usdPerDay === undefined || nano === 0) return
  const name = job.own(`${FOLDER}${phases.length - 1}-${number}`)
  const before = await ledger.read<Spent>(name)
  const day = dayOf(job.now())
  const sum = before?.day === day ? before.nano + nano : nano
  await ledger.write(name, { day, nano: sum })
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
