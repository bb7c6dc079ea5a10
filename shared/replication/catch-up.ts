// Whole comparisons of a store that was the truth with the one that is: every key that may have changed at either
// since then is looked at, and made to agree, before the comparison counts. One bounded step at a time;
// one that dies is begun again by the schedule.

import * as z from '#shared/shape/shape.ts'
import type { ListedObject } from '#shared/client/protocol.ts'
import { CopyPaused } from '#shared/copy/in-parts.ts'
import type { Task } from '#shared/platform.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import { listObjects } from '#shared/workspaces/listing.ts'
import { within } from '#shared/workspaces/deadline.ts'
import type { Behind, WorkspaceState } from '#shared/workspaces/state.ts'
import type { Workspace } from '#shared/workspaces/workspace.ts'
import { whileActing } from '#shared/workspaces/workspace.ts'
import { carry, carryTask } from './carry.ts'
import type { ReplicationContext } from './context.ts'
import { storeNamed } from './context.ts'
import { EpochMoved, behind } from './epochs.ts'
import { compared } from './failover.ts'
import { clearNotesBefore } from './notes.ts'
import { STEP_SECONDS } from './step.ts'

const text = z.string().check(z.minLength(1))

export const catchUpFields = z.object({
  workspace: text,
  store: text,
  /** The comparison is worth nothing once the truth has moved. */
  epoch: z.number(),
  /** In milliseconds since the epoch. */
  begun: z.number(),
  cursor: z.optional(text),
  /** Keys that could not be made to agree so far. */
  left: z.number(),
})

export type CatchUpFields = z.infer<typeof catchUpFields>
export type CatchUpTask = CatchUpFields & { v: 1; kind: 'catch-up' }

const ROWS_A_STEP = 200
const AT_ONCE = 8
/** A change that was not copied by then, and was made before this, is noted: nothing is tried for longer. */
const BEFORE_MILLISECONDS = 7_200_000
/** A comparison that has taken no step for so long is dead: longer than any step is tried again. */
const DEAD_MILLISECONDS = 1_800_000
const LOOK_SECONDS = 5
const PATIENT_ATTEMPTS = 5

/** A comparison for each store that wants one, answers, and has none on its way. */
export async function beginCatchUps(
  context: ReplicationContext,
  state: WorkspaceState,
  deadMilliseconds = DEAD_MILLISECONDS,
): Promise<CatchUpTask[]> {
  const wanting = Object.entries(state.behind).filter(([store, since]) =>
    wantsOne(context, state, store, since),
  )
  const tasks = await Promise.all(
    wanting.map(([store]) => beginOne(context, state, store, deadMilliseconds)),
  )
  return tasks.flat()
}

function wantsOne(
  { home, now, stores }: ReplicationContext,
  { returning }: WorkspaceState,
  store: string,
  { comparedAt, lateUntil }: Behind,
): boolean {
  if (!stores.has(store)) return false
  if (returning && store === home) return true
  return comparedAt === undefined || (comparedAt < lateUntil && now() >= lateUntil)
}

async function beginOne(
  context: ReplicationContext,
  { epoch }: WorkspaceState,
  store: string,
  deadMilliseconds: number,
): Promise<CatchUpTask[]> {
  const { ledger, name: workspace, now } = context
  const last = await ledger.read<{ epoch: number; at: number }>(stepName(context, store))
  if (last?.epoch === epoch && now() - last.at < deadMilliseconds) return []
  if (!(await answers(context, store))) return []
  await noteStep(context, store, epoch)
  return [catchUpTask({ workspace, store, epoch, begun: now(), left: 0 })]
}

/** Where they could not be sent the next schedule begins them, and does not take them for begun. */
export async function sendCatchUps(
  context: ReplicationContext,
  tasks: readonly CatchUpTask[],
): Promise<void> {
  try {
    await context.send(tasks)
  } catch (error) {
    for (const { store } of tasks) await forget(context, store)
    throw error
  }
}

async function answers(context: ReplicationContext, store: string): Promise<boolean> {
  const limit = { store, seconds: LOOK_SECONDS, signal: undefined }
  try {
    await within(limit, (signal) => storeNamed(context, store).list({ limit: 1, signal }))
    return true
  } catch (error) {
    if (isStorageError(error)) return false
    throw error
  }
}

function catchUpTask(fields: CatchUpFields): CatchUpTask {
  return { v: 1, kind: 'catch-up', ...fields }
}

/** The step that follows, when there is one. `context` is of a state that was read just now. */
export async function catchUpStep(
  context: ReplicationContext,
  workspace: Workspace,
  fields: CatchUpFields,
  attempt: number,
): Promise<readonly Task[]> {
  const { store, epoch, cursor, begun } = fields
  const lost = behind(context, store)
  if (context.state?.epoch !== epoch || !lost) return []
  await noteStep(context, store, epoch)
  const pair = pairOf(workspace, context.primary, store)
  const query = { cursor, limit: ROWS_A_STEP, stores: 'all' } as const
  const page = await listObjects(pair, query)
  const [silent] = page.unreachable ?? []
  // The schedule begins again when it answers.
  if (silent !== undefined && attempt >= PATIENT_ATTEMPTS) return forget(context, store)
  if (silent !== undefined) throw unanswered(silent)
  const keys = page.objects.filter((row) => mayDiffer(row, lost)).map(({ key }) => key)
  const outcome = await agreeOnAll(context, store, keys)
  if (outcome === 'moved') return []
  if (outcome === 'paused') return [catchUpTask(fields)]
  const left = fields.left + outcome.left
  if (page.cursor !== undefined) return [catchUpTask({ ...fields, cursor: page.cursor, left })]
  if (left > 0) return forget(context, store)
  await compared(context, store, { epoch, begun })
  await clearNotesBefore(context, store, begun)
  return forget(context, store)
}

function pairOf(workspace: Workspace, acting: string, store: string): Workspace {
  const whole = whileActing(workspace, acting)
  return { ...whole, replicas: whole.replicas.filter(({ name }) => name === store) }
}

/** What both hold is passed over only where neither has touched it since the truth moved, nor the follower before. */
function mayDiffer({ stores = [] }: ListedObject, { since }: Behind): boolean {
  const [source, copy] = stores
  if (source?.state !== 'present' || copy?.state !== 'present') return true
  if (source.size !== copy.size) return true
  const [truth, other] = [source, copy].map(({ modified }) => Date.parse(modified ?? ''))
  return truth! >= since - BEFORE_MILLISECONDS || other! >= truth!
}

async function agreeOnAll(
  context: ReplicationContext,
  store: string,
  keys: readonly string[],
): Promise<'moved' | 'paused' | { left: number }> {
  const waiting = [...keys]
  const until = context.now() + STEP_SECONDS * 1000
  const mayGoOn = () => context.now() < until
  let left = 0
  const stop: { error?: unknown } = {}
  const lane = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined && !stop.error; key = waiting.shift()) {
      if (!mayGoOn()) throw new CopyPaused(key)
      if (!(await agreeOnOne(context, store, key, mayGoOn))) left += 1
    }
  }
  // Nobody goes on behind the back of a step that has ended.
  const note = (error: unknown) => void (stop.error ??= error)
  await Promise.all(Array.from({ length: AT_ONCE }, () => lane().catch(note)))
  if (stop.error instanceof EpochMoved) return 'moved'
  if (stop.error instanceof CopyPaused) return 'paused'
  if (stop.error !== undefined) throw stop.error
  return { left }
}

/** False where it has to be looked at once more; its task does that, and shows it where it fails for long. */
async function agreeOnOne(
  context: ReplicationContext,
  store: string,
  key: string,
  mayGoOn: () => boolean,
): Promise<boolean> {
  const again = carryTask(context, store, key)
  try {
    const agreement = await carry(context, store, key, mayGoOn)
    return agreement.became !== 'postponed'
  } catch (error) {
    if (!isStorageError(error)) throw error
    await context.send([again])
    return false
  }
}

function stepName({ name }: ReplicationContext, store: string): string {
  return `replication/${name}/catch-up/${store}`
}

async function noteStep(context: ReplicationContext, store: string, epoch: number): Promise<void> {
  await context.ledger.write(stepName(context, store), { epoch, at: context.now() })
}

/** It is over, well or not: the schedule may begin another. */
async function forget(context: ReplicationContext, store: string): Promise<[]> {
  await context.ledger.remove(stepName(context, store))
  return []
}

function unanswered(store: string): StorageError {
  const message = `${store} could not be listed, so the comparison waits for it.`
  return new StorageError('unavailable', message, { store })
}
