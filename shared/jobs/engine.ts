// Jobs as people and the queue see them: begun, looked at, stopped, taken up again, and worked on step by step.
// Whatever dies, the ledger says how far each part is, and `watch` sends what was lost on its way again.

import type { Task } from '#shared/platform.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Job, JobFields, JobKind, JobRecord, Next, Phase, Tally } from './job.ts'
import { addTallies, hasEnded, isAtWork, jobTask, names } from './job.ts'
import type { Ledger } from './ledger.ts'
import { entered, isThrough, lastKey, newId, timeIn, withEnded } from './record.ts'
import { atWork, over, readInput, resting, unknownCommand } from './refusals.ts'
import { STEP_SECONDS, TERM_SECONDS, readPart, takePart, workOn } from './part.ts'

export interface EngineOptions {
  workspace: string
  ledger: Ledger
  /** Undefined: there is no such kind. */
  kind(name: string): Promise<JobKind | undefined>
  kinds: readonly string[]
  now: () => number
  send(tasks: readonly Task[], options?: { delaySeconds?: number | undefined }): Promise<void>
  /** How long one step may take; less where the platform gives less. */
  stepSeconds?: number
}

/** A phase as it was cut, once. */
interface Plan {
  next: Extract<Next, { phase: string }>
  /** The command that it answers. */
  asked?: string
}

export interface JobView extends JobRecord {
  /** Of all phases, the present one included. */
  tally: Tally
  progress: Progress | undefined
}

/** Of the present phase. */
export interface Progress {
  phase: string
  /** Parts that are through, of how many. */
  ended: number
  parts: number
  tally: Tally
  /** Where some part goes on, in the words of its cursor: the last key that is through. */
  at?: string | undefined
}

export interface Engine {
  start(kind: string, input: unknown, by?: string): Promise<JobView>
  /** Newest first. */
  list(options?: { limit?: number }): Promise<JobRecord[]>
  view(id: string): Promise<JobView>
  pause(id: string, why?: string): Promise<JobView>
  resume(id: string): Promise<JobView>
  cancel(id: string): Promise<JobView>
  /** One of the kind's own commands. */
  command(id: string, command: string): Promise<JobView>
  /** What the kind has written of it under `report`; refused while there is none. */
  report(id: string): Promise<unknown>
  step(fields: JobFields, attempt: number): Promise<readonly Task[]>
  /** True where the job is paused for it, and the queue need not keep the task. */
  failed(fields: JobFields, failure: { reason: string; givenUp: boolean }): Promise<boolean>
  /** Tasks for parts that nobody is known to work on. */
  watch(): Promise<readonly Task[]>
}

/** The name, below the job's own, of what it has to report. */
export const REPORT = 'report'
/** How often a step that goes on looks whether somebody has stopped the job. */
const LOOK_SECONDS = 3
/** Records that are read at once. */
const AT_ONCE = 16

export function createEngine(options: EngineOptions): Engine {
  const { ledger, now, workspace } = options

  async function read(id: string): Promise<JobRecord> {
    const found = /^[\w-]{1,80}$/.test(id) && (await ledger.read<JobRecord>(names.job(id)))
    if (found) return found
    throw new StorageError('not-found', `There is no job "${id.slice(0, 80)}" here; list the jobs.`)
  }

  /** `next` throws what forbids the change; what it gives back unchanged is written all the same. */
  function change(id: string, next: (found: JobRecord) => JobRecord): Promise<JobRecord> {
    return ledger.change<JobRecord>(names.job(id), (found) => {
      if (!found) throw new StorageError('not-found', `There is no job "${id}" any more.`)
      return { ...next(found), changed: new Date(now()).toISOString() }
    })
  }

  async function kindOf({ kind: name }: Pick<JobRecord, 'kind'>): Promise<JobKind> {
    const kind = await options.kind(name)
    if (kind) return kind
    const known = options.kinds.join(', ')
    throw new StorageError('invalid', `There are no jobs "${name.slice(0, 60)}", only ${known}.`)
  }

  function jobOf({ id, input, phases }: JobRecord): Job {
    return {
      ...{ id, input, phases, ledger, now },
      own: (name) => names.own(id, name),
      partsOf: (phase) => partsOf(id, phase),
    }
  }

  async function partsOf(id: string, phase: number): Promise<readonly unknown[]> {
    return (await ledger.read<Plan>(names.plan(id, phase)))?.next.parts ?? []
  }

  /** The job's next phase, kept once: whoever comes second finds what the first one kept. */
  async function advance(record: JobRecord): Promise<readonly Task[]> {
    const kind = await kindOf(record)
    const number = record.phases.length
    const ended = record.phases.at(-1)
    const tally = ended && (await tallyOf(record, number - 1))
    const next = await planned(record, kind, ended && { ...ended, tally: tally! })
    const changed = await change(record.id, (found) => {
      // Somebody else was quicker, or has stopped it or asked for something else meanwhile.
      const stands = isAtWork(found) && found.asked === record.asked
      if (!stands || found.phases.length !== number) return found
      const phases = found.phases.map((phase, index) =>
        index === number - 1 && tally ? { ...phase, tally } : phase,
      )
      return entered({ ...found, phases }, next, now())
    })
    if (hasEnded(changed)) await ledger.remove(names.active(record.id))
    if (!isAtWork(changed) || changed.phases.length !== number + 1) return []
    return 'phase' in next && next.parts.length === 0 ? advance(changed) : partTasks(changed)
  }

  /** A phase is kept before it is entered, with what it was asked for by. */
  async function planned(
    record: JobRecord,
    kind: JobKind,
    ended: Phase | undefined,
  ): Promise<Next> {
    const { id, phases, asked } = record
    const name = names.plan(id, phases.length)
    const isFor = (plan: Plan | undefined): plan is Plan =>
      plan !== undefined && plan.asked === asked
    const there = await ledger.read<Plan>(name)
    if (isFor(there)) return there.next
    const next = await kind.next(jobOf(record), ended, asked)
    if (!('phase' in next)) return next
    const made: Plan = { next, ...(asked !== undefined && { asked }) }
    const kept = await ledger.change<Plan>(name, (found) => (isFor(found) ? found : made))
    return kept.next
  }

  async function tallyOf(record: JobRecord, phase: number): Promise<Tally> {
    const { parts = 0, tally } = record.phases[phase] ?? {}
    if (tally) return tally
    const tallies: Tally[] = []
    for (let first = 0; first < parts; first += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, parts - first) }, (_, n) => first + n)
      const records = await Promise.all(
        some.map((part) => readPart(ledger, { job: record.id, phase, part })),
      )
      tallies.push(...records.map((part) => part.tally))
    }
    return addTallies(tallies)
  }

  /** A task for each part of the present phase that is not through. */
  async function partTasks(record: JobRecord): Promise<readonly Task[]> {
    const phase = record.phases.length - 1
    const { parts = 0, ended = [] } = record.phases[phase] ?? {}
    const through = new Set(ended)
    const tasks: Task[] = []
    for (let part = 0; part < parts; part++) {
      if (through.has(part)) continue
      const { steps, holder } = await readPart(ledger, { job: record.id, phase, part })
      const at = { workspace, job: record.id, phase, part, step: steps }
      tasks.push(jobTask(holder === undefined ? at : { ...at, seen: holder }))
    }
    return tasks
  }

  async function view(record: JobRecord): Promise<JobView> {
    const tallies = await Promise.all(record.phases.map((_, index) => tallyOf(record, index)))
    const tally = tallies.at(-1) ?? {}
    return { ...record, tally: addTallies(tallies), progress: await progressOf(record, tally) }
  }

  async function progressOf(record: JobRecord, tally: Tally): Promise<Progress | undefined> {
    const phase = record.phases.at(-1)
    if (!phase) return undefined
    const number = record.phases.length - 1
    const through = new Set(phase.ended)
    const first = Array.from({ length: phase.parts }, (_, part) => part).find((part) => {
      return !through.has(part)
    })
    const going =
      first === undefined
        ? undefined
        : await readPart(ledger, { job: record.id, phase: number, part: first })
    const at = lastKey(going?.cursor)
    const counts = { phase: phase.name, ended: phase.ended.length, parts: phase.parts, tally }
    return { ...counts, ...(at !== undefined && { at }) }
  }

  async function stop(id: string, state: 'paused' | 'cancelled', why?: string): Promise<JobView> {
    const record = await change(id, (found) => {
      if (hasEnded(found)) throw over(found)
      const { why: _, ...rest } = found
      return { ...rest, state, ...(why !== undefined && { why }) }
    })
    if (hasEnded(record)) await ledger.remove(names.active(id))
    return view(record)
  }

  /** A new phase, or, where all parts of the present one are through, the one after it. */
  async function go(record: JobRecord): Promise<JobView> {
    await ledger.write(names.active(record.id), {})
    const tasks = isThrough(record) ? await advance(record) : await partTasks(record)
    if (tasks.length > 0) await options.send(tasks)
    return view(await read(record.id))
  }

  /** What cannot begin, however often it is tried, is not left as if it were under way. */
  async function giveUp(
    { id }: JobRecord,
    state: 'paused' | 'cancelled',
    error: unknown,
  ): Promise<never> {
    if (error instanceof StorageError && error.retry === 'never') {
      await stop(id, state, error.message)
    }
    throw error
  }

  async function stillRuns(id: string): Promise<boolean> {
    const found = await ledger.read<JobRecord>(names.job(id))
    return found !== undefined && isAtWork(found)
  }

  /** `mayGoOn` answers at once, so the look whose answer it gives is a few seconds old. */
  function limits(id: string): { mayGoOn(): boolean; signal: AbortSignal } {
    const stopped = new AbortController()
    const until = now() + (options.stepSeconds ?? STEP_SECONDS) * 1000
    let looked = now()
    return {
      signal: stopped.signal,
      mayGoOn() {
        if (now() - looked > LOOK_SECONDS * 1000) {
          looked = now()
          void stillRuns(id)
            .then((runs) => runs || stopped.abort())
            .catch(() => {})
        }
        return now() < until && !stopped.signal.aborted
      },
    }
  }

  async function afterPart(record: JobRecord, part: number): Promise<readonly Task[]> {
    const phase = record.phases.length - 1
    const changed = await change(record.id, (found) => {
      if (found.phases.length - 1 !== phase) return found
      return { ...found, phases: found.phases.with(phase, withEnded(found.phases[phase]!, part)) }
    })
    const isLast = changed.phases.length - 1 === phase && isThrough(changed)
    return isLast && isAtWork(changed) ? advance(changed) : []
  }

  return {
    async start(name, input, by) {
      const kind = await kindOf({ kind: name })
      const created = new Date(now()).toISOString()
      const record: JobRecord = {
        ...{ id: newId(name, now()), kind: name, input: readInput(kind, input) },
        ...{ state: 'running', phases: [], created, changed: created, by },
      }
      await ledger.change<JobRecord>(names.job(record.id), () => record)
      return go(record).catch((error: unknown) => giveUp(record, 'cancelled', error))
    },
    async list({ limit = 100 } = {}) {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await ledger.list('jobs/', { cursor })
        found.push(...page.entries.map(({ name }) => name))
        ;({ cursor } = page)
      } while (cursor !== undefined)
      const newest = found.toSorted((a, b) => (timeIn(b) < timeIn(a) ? -1 : 1)).slice(0, limit)
      const records = await Promise.all(newest.map((name) => ledger.read<JobRecord>(name)))
      return records.filter((record) => record !== undefined)
    },
    view: async (id) => view(await read(id)),
    async pause(id, why) {
      const { state } = await read(id)
      if (state === 'paused') return view(await read(id))
      if (state === 'ready') throw resting(id)
      return stop(id, 'paused', why)
    },
    cancel: async (id) => stop((await read(id)).id, 'cancelled'),
    async resume(id) {
      await read(id)
      const record = await change(id, (found) => {
        if (hasEnded(found)) throw over(found)
        if (found.state === 'ready') throw resting(id)
        const { why: _, ...rest } = found
        return { ...rest, state: 'running' }
      })
      return go(record)
    },
    async command(id, command) {
      const before = await read(id)
      const { commands = [] } = await kindOf(before)
      if (!commands.includes(command)) throw unknownCommand(before, command, commands)
      const record = await change(id, (found) => {
        if (isAtWork(found)) throw atWork(found, command)
        const { why: _, ...rest } = found
        return { ...rest, state: 'running', asked: command }
      })
      return go(record).catch((error: unknown) => giveUp(record, 'paused', error))
    },
    async report(id) {
      await read(id)
      const found = await ledger.read<unknown>(names.own(id, REPORT))
      if (found !== undefined) return found
      throw new StorageError('precondition', `The job ${id} has no report yet; look at its state.`)
    },
    async step(fields, attempt) {
      const record = await ledger.read<JobRecord>(names.job(fields.job))
      if (!record || !isAtWork(record) || record.phases.length - 1 !== fields.phase) return []
      const taken = await takePart(ledger, fields, attempt > 1)
      if ('busy' in taken) {
        const task = jobTask({ ...fields, seen: taken.busy })
        await options.send([task], { delaySeconds: TERM_SECONDS })
        return []
      }
      if ('past' in taken) return taken.past.ended ? afterPart(record, fields.part) : []
      const { name: phase } = record.phases[fields.phase]!
      const of = (await partsOf(record.id, fields.phase))[fields.part]
      const kind = await kindOf(record)
      const given = { phase, of, ...limits(record.id) }
      const done = await workOn(kind, jobOf(record), given, fields, taken)
      if (!done) return []
      if (done.record.ended) return afterPart(record, fields.part)
      const { seen: _, ...same } = fields
      const task = jobTask({ ...same, step: done.record.steps })
      const { delaySeconds = 0 } = done.step
      if (delaySeconds === 0) return [task]
      await options.send([task], { delaySeconds })
      return []
    },
    async failed({ job }, { reason, givenUp }) {
      if (!givenUp) return false
      const record = await ledger.read<JobRecord>(names.job(job))
      if (record && isAtWork(record)) await stop(job, 'paused', reason)
      return true
    },
    async watch() {
      const { entries } = await ledger.list('jobs-active/')
      const tasks: Task[] = []
      for (const { name } of entries) {
        const record = await ledger.read<JobRecord>(names.job(name.slice('jobs-active/'.length)))
        if (!record || !isAtWork(record) || now() - Date.parse(record.changed) < quietFor) continue
        tasks.push(...(isThrough(record) ? await advance(record) : await lostTasks(record)))
      }
      return tasks
    },
  }

  /** Of the parts on which nobody has left a cursor for a while. */
  async function lostTasks(record: JobRecord): Promise<readonly Task[]> {
    const tasks = await partTasks(record)
    const prefix = names.part(record.id, record.phases.length - 1, 0).slice(0, -1)
    const { entries } = await ledger.list(prefix)
    const written = new Map(entries.map((entry) => [entry.name, entry.written.getTime()]))
    return tasks.filter(({ part }) => {
      const at = written.get(`${prefix}${String(part)}`) ?? Date.parse(record.changed)
      return now() - at > quietFor
    })
  }
}

/** Longer than a step, its message's way, and the delay of a part whose holder died. */
const quietFor = (STEP_SECONDS + 2 * TERM_SECONDS) * 1000
