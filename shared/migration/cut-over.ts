// A workspace's truth moves to where its objects have been brought, and comes back. Before it moves all is verified,
// next to nothing is late and nothing set aside; after it, what still arrived at the old store is taken over, as long
// as any URL of before can write there. The way back is the same the other way: nothing written since is lost.

import type { Job, Part, Phase, Step } from '#shared/jobs/job.ts'
import type { Task } from '#shared/platform.ts'
import { modeOf } from '#shared/replication/failover.ts'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import type { Store } from '#shared/storage/store.ts'
import { within } from '#shared/workspaces/deadline.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import type { MigrationContext, MigrationPlace } from './context.ts'
import type { MigrateInput } from './input.ts'
import type { Cursor, MigratePart } from './parts.ts'
import type { Switchable } from './switchable.ts'

type MigrateJob = Job<MigrateInput>

const MAX_LAG_SECONDS = 30
const ANSWER_SECONDS = 10
/** Between two looks, where others are at work or a store does not answer. */
const LOOK_AGAIN_SECONDS = 1

/** Undefined: it may be cut over now. */
export async function objectionToCutOver(
  context: MigrationContext,
  { phases, input }: MigrateJob,
): Promise<string | undefined> {
  const { switchable } = context
  if (!switchable) return nothingToSwitch(context)
  const { to } = context
  const state = await switchable.state()
  // First what no other pass would change.
  return (
    switchable.objection(to.store.name) ??
    objectionOfState(context, switchable, state) ??
    objectionOfPasses(phases, input) ??
    (await objectionOfLag(switchable, to.store.name, input)) ??
    (await objectionOfSilence(to.store))
  )
}

function nothingToSwitch({ from, to, workspace }: MigrationContext): string {
  const [source, destination] = [from.store.name, to.store.name]
  const how = workspace === '' ? 'give the workspace with --workspace, and ' : ''
  return `the writes to ${source} are not Skein's to switch, since ${destination} is no replica of the workspace whose primary ${source} is. Point what writes there to ${destination}, start another pass for what came meanwhile, and clean up; or ${how}make ${destination} a replica of the workspace.`
}

function objectionOfState(
  { from, to }: MigrationContext,
  { workspace, home }: Switchable,
  state: WorkspaceState,
): string | undefined {
  const { acting, behind } = state
  if (acting === to.store.name) return `${acting} takes the writes of ${workspace} already.`
  if (acting !== from.store.name) {
    return `the writes of ${workspace} go to ${acting}, and this migration has carried over what ${from.store.name} holds; begin one from ${acting}.`
  }
  if (modeOf(state, home) === 'normal') return undefined
  const [late] = Object.keys(behind)
  return late === undefined
    ? `${workspace} is on the way back to ${home}; wait until it is there.`
    : `${workspace} has moved before and is not through with it: ${untilOf(state, late)}`
}

function objectionOfPasses(phases: readonly Phase[], { dryRun }: MigrateInput): string | undefined {
  if (dryRun) return 'it is a dry run, which has moved nothing; plan it without.'
  // What changed meanwhile is behind, and on its way; what could not be copied is not.
  const last = phases.at(-1)
  if (last?.name !== 'verify' || !last.tally) {
    return 'nothing has been verified since the last copy; start another pass.'
  }
  const { wrong = 0, behind = 0 } = last.tally
  const { failed = 0 } = phases.findLast(({ name }) => name === 'copy')?.tally ?? {}
  if (wrong === 0 && (behind === 0 || failed === 0)) return undefined
  if (wrong === 0) {
    return `${count(failed, 'object', 'objects')} could not be copied, and ${count(behind, 'is', 'are')} not at the destination; see the report, and start another pass.`
  }
  return `${count(wrong, 'object was', 'objects were')} found wrong at the destination; look at the report, mend or replay them, and start another pass.`
}

async function objectionOfLag(
  switchable: Switchable,
  to: string,
  { maxLagSeconds = MAX_LAG_SECONDS }: MigrateInput,
): Promise<string | undefined> {
  const { seconds, setAside } = await switchable.lag(to)
  const { workspace } = switchable
  if (setAside > 0) {
    return `${count(setAside, 'change', 'changes')} to ${to} ${setAside === 1 ? 'was' : 'were'} given up; see \`skein replication list ${workspace}\`, then \`skein replication replay ${workspace}\`.`
  }
  if (seconds <= maxLagSeconds) return undefined
  return `a change of ${Math.round(seconds)} seconds ago is not at ${to} yet, and at most ${maxLagSeconds} seconds are allowed (maxLagSeconds); wait for it, or see \`skein replication list ${workspace}\`.`
}

async function objectionOfSilence(store: Store): Promise<string | undefined> {
  const limit = { store: store.name, seconds: ANSWER_SECONDS, signal: undefined }
  try {
    await within(limit, (signal) => store.list({ limit: 1, signal }))
    return undefined
  } catch (error) {
    if (isStorageError(error)) return error.message
    throw error
  }
}

/**
 * The truth moves, at once; then one whole comparison with the old store takes over what the last moments brought
 * there. Both bear being done twice.
 */
export async function cutOverStep(
  _: MigrationPlace,
  context: MigrationContext,
  job: MigrateJob,
  part: Part<MigratePart, Cursor>,
): Promise<Step<Cursor>> {
  const switchable = switchableOf(context)
  const [from, to] = [context.from.store.name, context.to.store.name]
  const found = await switchable.state()
  const state =
    found.acting === to ? found : await switchable.cutOver(to, byOf(job), reasonOf(job, 'to', to))
  if (isTakenOver(state, from)) return {}
  return compareOn(switchable, part, async () => isTakenOver(await switchable.state(), from))
}

/**
 * The primary is brought up to date while the other goes on taking writes, then it is the truth again; then what the
 * other was given in the last moments is taken over too.
 */
export async function returnStep(
  _: MigrationPlace,
  context: MigrationContext,
  job: MigrateJob,
  part: Part<MigratePart, Cursor>,
): Promise<Step<Cursor>> {
  const switchable = switchableOf(context)
  const { home } = switchable
  const [from, to] = [context.from.store.name, context.to.store.name]
  const state = await switchable.state()
  checkWayBack(context, switchable, state)
  const isBack = async () => {
    const now = await switchable.state()
    return now.acting === from && isTakenOver(now, to)
  }
  if (await isBack()) return {}
  if (state.acting !== home && !state.returning) {
    await switchable.askBack(byOf(job), reasonOf(job, 'back from', to))
  }
  return compareOn(switchable, part, isBack)
}

/** The truth is somewhere else altogether, or the configuration has made the new store the primary. */
function checkWayBack(
  { from, to }: MigrationContext,
  { workspace, home }: Switchable,
  { acting }: WorkspaceState,
): void {
  const [source, destination] = [from.store.name, to.store.name]
  if (acting === source || (acting === destination && home === source)) return
  const message =
    home === source
      ? `The writes of ${workspace} go to ${acting} by now, which this migration knows nothing of; bring them back with \`skein failover ${workspace} --back\`.`
      : `The configuration has ${home} for the primary of ${workspace}, and the writes go to ${acting}: for the way back, migrate from ${acting} to ${source}, or let ${source} be the primary in the configuration again.`
  throw new StorageError('precondition', message, { retry: 'never' })
}

/** Comparisons go on as far as there is time, and are looked at again until that is so. */
async function compareOn(
  switchable: Switchable,
  { cursor, mayGoOn }: Part<MigratePart, Cursor>,
  isOver: () => Promise<boolean>,
): Promise<Step<Cursor>> {
  let left = (cursor?.kept ?? []) as readonly Task[]
  do {
    left = await switchable.catchUp(mayGoOn, left)
    if (await isOver()) return {}
  } while (left.length > 0 && mayGoOn())
  const delaySeconds = left.length > 0 ? 0 : LOOK_AGAIN_SECONDS
  return { cursor: { kept: left }, delaySeconds }
}

/** A whole comparison, begun after it had ceased to be the truth, has been carried through. */
function isTakenOver({ behind }: WorkspaceState, store: string): boolean {
  const left = behind[store]
  return left === undefined || left.comparedAt !== undefined
}

/** Of a workspace that has been cut over: undefined once nothing can come to the old store that counts. */
export async function objectionToLeaving(context: MigrationContext): Promise<string | undefined> {
  const { from, to, switchable } = context
  if (!switchable) return undefined
  const { workspace } = switchable
  const state = await switchable.state()
  if (state.acting !== to.store.name) {
    return `the writes of ${workspace} go to ${state.acting}, not to ${to.store.name}; cut it over first.`
  }
  return state.behind[from.store.name] ? untilOf(state, from.store.name) : undefined
}

/** How it stands after the cutover, as a sentence. */
export async function standingOf(context: MigrationContext): Promise<string> {
  const { from, switchable } = context
  if (!switchable) return ''
  const state = await switchable.state()
  const { acting, behind } = state
  const old = from.store.name
  const goTo = `Writes of ${switchable.workspace} go to ${acting}.`
  if (acting === old) return goTo
  return behind[old] ? `${goTo} Draining: ${untilOf(state, old)}` : `${goTo} ${old} has settled.`
}

function untilOf({ behind }: WorkspaceState, store: string): string {
  const { lateUntil = 0 } = behind[store] ?? {}
  const until = new Date(lateUntil).toISOString()
  return `URLs that were signed before may write to ${store} until ${until}; what they bring is taken over, and one comparison after that ends it.`
}

/** Known by the truth being at the source: the copies stay, since the configuration wants them. */
export async function objectionToReturning(context: MigrationContext): Promise<string | undefined> {
  const { from, to, switchable } = context
  if (!switchable) return undefined
  const { acting, behind } = await switchable.state()
  if (acting !== from.store.name || behind[to.store.name]) return undefined
  return `the writes of ${switchable.workspace} go to ${acting} as before, so there is nothing to bring back. What was copied to ${to.store.name} stays, since the configuration has it as a replica; cancel the migration to end it.`
}

function switchableOf({ switchable }: MigrationContext): Switchable {
  if (switchable) return switchable
  const message = 'The workspace of this migration is not in the configuration any more as it was.'
  throw new StorageError('precondition', message, { retry: 'never' })
}

function byOf({ id }: MigrateJob): string {
  return `the job ${id}`
}

function reasonOf({ id }: MigrateJob, way: string, to: string): string {
  return `the migration ${id} ${way} ${to}`
}

function count(number: number, one: string, several: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : several}`
}
