// A simulated cloud with Skein in it: a primary, two replicas and a queue, clients that put, overwrite and
// delete, function instances that die, events that come twice, late or never. What happened is remembered, so
// that when the weather is fine again it can be held against what is there.

import type { Span } from './expected.ts'
import { createRandom } from './random.ts'
import type { Random } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'
import { createScheduler } from './scheduler.ts'
import type { Weather } from './faulty.ts'
import { faultyDriver } from './faulty.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Message, Outcome } from '#shared/jobs/queue.ts'
import { createCounters } from '#shared/metrics/counters.ts'
import type { Task } from '#shared/platform.ts'
import type { SendTasks } from '#shared/replication/context.ts'
import type { Replication } from '#shared/replication/replication.ts'
import { createReplication } from '#shared/replication/replication.ts'
import { resyncTask } from '#shared/replication/resync.ts'
import { replicationRules } from '#shared/replication/rules.ts'
import { createSeal } from '#shared/seal.ts'
import type { CapabilityOverrides } from '#shared/storage/capabilities.ts'
import type { Driver } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import { createOpening } from '#shared/storage/open.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'
import { createTasks } from '#shared/tasks.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import { createStates } from '#shared/workspaces/state.ts'
import { SECRET } from '../cloud.ts'

export const STORES = ['main', 'west', 'east'] as const
export type StoreName = (typeof STORES)[number]
/** Where the truth may move, the ledger lies apart from it. */
type DoorName = StoreName | 'ledger'

/** Where it takes no writes, East is as B2's and Spaces' look-alikes are: no write there can be held to anything. */
const CANNOT: CapabilityOverrides = {
  put: { create: false, match: false },
  delete: { match: false },
  copy: { create: false, match: false, sourceMatch: false },
  multipart: { create: false, match: false },
  versions: false,
}

export interface Kept {
  task: Task
  visibleAt: number
  attempts: number
}

export interface Instance {
  replication: Replication
  consume: (messages: readonly Message[]) => Promise<Outcome[]>
}

export interface World {
  random: Random
  scheduler: Scheduler
  weather: Weather
  messages: Kept[]
  setAside: Task[]
  /** The stores as they are, without faults and turns. */
  plain: Record<StoreName, Store>
  ledger: Store
  /** Whether writes may fail over, and to which. */
  moves: boolean
  standIns: readonly StoreName[]
  /** The store that is the truth, whether anybody knows it yet or not. */
  truth(): StoreName
  /** Each time from when somebody decided that the truth should move until it did. */
  moving: readonly Span[]
  /** Whether it moves by itself when its store fails. */
  isAutomatic: boolean
  /** Each state that was ever written. */
  history: readonly WorkspaceState[]
  /** A function instance: its own connections and its own memory. */
  start(process: Process): Instance
  /** Whether the last change of each key at the truth has been told, by an acknowledgement or an event. */
  told: Map<string, boolean>
  /** The same of a replica's keys, by `placeOf`. */
  seen: Map<string, boolean>
  /** The change that the truth's key is at. */
  changes: Map<string, number>
  /** Makes the primary lose an object, as nobody ever should: without a word, and without a trace. */
  vanish(key: string): Promise<void>
}

export const AUTOMATIC = { failures: 3, over: 120 } as const

let worlds = 0

interface Door {
  memory: Driver
  driver: Driver
  open: (driver: Driver) => Store
}

export function createWorld(seed: number, { mayMove }: { mayMove?: true } = {}): World {
  const random = createRandom(seed)
  const scheduler = createScheduler(random)
  const weather: Weather = { random, scheduler, bad: true, down: new Set(), deaths: 0 }
  const messages: Kept[] = []
  const setAside: Task[] = []
  const told = new Map<string, boolean>()
  const seen = new Map<string, boolean>()
  const changes = new Map<string, number>()
  const versioned = random.chance(0.5)
  const conflict = random.pick(['primary', 'primary', 'latest', 'keep-both'] as const)
  const moves = random.chance(0.5) || mayMove === true
  const standIns: readonly StoreName[] = moves && random.chance(0.5) ? ['west', 'east'] : ['west']
  const automatic = moves && random.chance(0.5) ? { automatic: AUTOMATIC } : {}
  const failover = moves ? { to: [...standIns], ...automatic } : undefined
  const history: WorkspaceState[] = []
  let truth: StoreName = 'main'
  const moving: Span[] = []
  const run = ++worlds

  function enqueue(task: Task, delaySeconds = 0): void {
    const late = weather.bad ? random.below(20_000) : 0
    const visibleAt = scheduler.now + delaySeconds * 1000 + late
    const message = { task: structuredClone(task), visibleAt, attempts: 0 }
    messages.push(message)
    if (weather.bad && random.chance(0.05)) messages.push({ ...message })
  }

  /** The provider's own notification of what was done there, whoever did it. */
  function emit(store: DoorName, key: string, type: 'created' | 'deleted'): void {
    if (store === 'ledger') return
    if (key.startsWith(RESERVED_PREFIX)) return
    const change = (changes.get(key) ?? 0) + 1
    const isLost = weather.bad && random.chance(0.3)
    if (store === truth) {
      changes.set(key, change)
      told.set(key, !isLost)
    } else {
      seen.set(placeOf(store, key), !isLost)
    }
    if (isLost) return
    const at = new Date(scheduler.now).toISOString()
    enqueue({ v: 1, kind: 'object-changed', store, key, event: { type, at } })
  }

  function openPlain(name: DoorName): Door {
    const overrides = {
      main: versioned ? undefined : { versions: false },
      west: undefined,
      east: standIns.includes('east') ? undefined : CANNOT,
      ledger: undefined,
    }
    const platform = { env: {}, fileSystem: false, now: () => scheduler.now }
    const opening = createOpening(`memory:simulated-${run}-${name}`, platform, {
      ...{ name, capabilities: overrides[name] },
      retry: { attempts: 1 },
      timeouts: { requestSeconds: 1e6, idleSeconds: 1e6, copySeconds: 1e6 },
      transfer: { multipartThresholdBytes: 64, concurrency: 2 },
    })
    const memory = createMemoryDriver(opening)
    const speaking = telling(memory, async (key, type) => {
      emit(name, key, type)
      if (key !== STATE) return
      const state = await stateIn(memory)
      const { acting, changes: moved } = state
      history.push(state)
      truth = STORES.find((one) => one === acting) ?? 'main'
      moving.push({ from: moved.at(-1)?.at ?? 0, to: scheduler.now })
    })
    const driver = opening.capabilities.versions ? speaking : unversioned(speaking)
    return { memory, driver, open: (one) => new Store({ opening, driver: async () => one }) }
  }

  async function vanish(key: string): Promise<void> {
    const { signal } = new AbortController()
    const { versions } = await doors.main.memory.versions!.list({ prefix: key, signal })
    const all = versions.filter((one) => one.key === key)
    await doors.main.memory.delete(all, { signal })
    changes.set(key, (changes.get(key) ?? 0) + 1)
    told.set(key, false)
  }

  const doors = {
    main: openPlain('main'),
    west: openPlain('west'),
    east: openPlain('east'),
    ledger: openPlain('ledger'),
  }
  const storesOver = (over: (name: DoorName, driver: Driver) => Driver) => ({
    main: doors.main.open(over('main', doors.main.driver)),
    west: doors.west.open(over('west', doors.west.driver)),
    east: doors.east.open(over('east', doors.east.driver)),
    ledger: doors.ledger.open(over('ledger', doors.ledger.driver)),
  })

  function start(process: Process): Instance {
    const stores = storesOver((name, driver) => faultyDriver(weather, process, name, driver))
    const { main, west, east } = stores
    const ledger = moves ? stores.ledger : main
    const now = () => scheduler.now
    const states = createStates({
      ...{ ledger: createLedger(ledger), workspace: 'app', primary: 'main', now },
      background: (work) => void work.catch(() => undefined),
    })
    const workspace = {
      name: 'app',
      primary: main,
      replicas: [west, east],
      downloads: downloadRules(),
    }
    const send: SendTasks = async (tasks, { delaySeconds = 0 } = {}) => {
      await scheduler.turn(process)
      if (weather.bad && random.chance(0.03)) throw noQueue()
      for (const task of tasks) enqueue(task, delaySeconds)
      if (weather.bad && random.chance(0.02)) throw noQueue()
    }
    const replication = createReplication({
      ...{ workspace, rules: replicationRules({ conflict, failover }), seal, ledger, now, send },
      ...(moves && { states, longestUploadSeconds: LONGEST_UPLOAD_SECONDS }),
    })
    const tasks = createTasks({
      platform: { queue: { send }, now: () => scheduler.now },
      config: {
        workspaces: new Map([['app', { primary: 'main', replicas: ['west', 'east'] }]]),
        hooks: new Map(),
        ledger: undefined,
      },
      store: (name) => (name === 'west' ? west : name === 'east' ? east : main),
      landscape: () => ({ places: [], workspaces: [], stagingPrefix: '' }),
      counters: createCounters(),
      workspace: () => ({
        replication,
        jobs: { step: async () => [], failed: async () => true, watch: async () => [] },
        uploads: {
          arrived: async () => ({ became: 'ignored', reason: 'it came by no upload' }),
          sweep: async () => ({ completed: 0, quarantined: 0, aborted: 0 }),
        },
      }),
    })
    return { replication, consume: (received) => tasks.consume(received) }
  }

  const { ledger: apart, ...plain } = storesOver((_, driver) => driver)
  return {
    random,
    scheduler,
    weather,
    messages,
    setAside,
    plain,
    ledger: moves ? apart : plain.main,
    moves,
    standIns,
    truth: () => truth,
    isAutomatic: 'automatic' in automatic,
    ...{ moving, history },
    start,
    told,
    seen,
    changes,
    vanish,
  }
}

export function placeOf(store: StoreName, key: string): string {
  return `${store} ${key}`
}

const seal = createSeal([SECRET])

/** After a whole listing nothing is unknown any more. */
export function resyncOf(to: StoreName): Task {
  return resyncTask({ workspace: 'app', to, prefix: '', thorough: true })
}

export function ledgerOf({ ledger }: World): Ledger {
  return createLedger(ledger)
}

/** As the ledger has it. */
export async function stateOf(world: World): Promise<WorkspaceState> {
  const none: WorkspaceState = { epoch: 0, acting: 'main', behind: {}, settled: {}, changes: [] }
  return (await ledgerOf(world).read<WorkspaceState>('state/app')) ?? none
}

const STATE = `${RESERVED_PREFIX}state/app`
const LONGEST_UPLOAD_SECONDS = 600

async function stateIn(memory: Driver): Promise<WorkspaceState> {
  const { signal } = new AbortController()
  const { body } = await memory.get(STATE, { signal })
  return (JSON.parse(await new Response(body).text()) as { value: WorkspaceState }).value
}

function noQueue(): StorageError {
  return new StorageError('unavailable', 'The queue does not answer.')
}

/** A memory keeps versions; a store that does not is not asked for them, and tells of none. */
function unversioned(driver: Driver): Driver {
  const bare = <T extends { version?: string | undefined }>(info: T): T => {
    return { ...info, version: undefined }
  }
  return {
    ...driver,
    head: async (key, options) => bare(await driver.head(key, options)),
    async get(key, options) {
      const result = await driver.get(key, options)
      return { ...result, info: bare(result.info) }
    },
    put: async (key, content, options) => bare(await driver.put(key, content, options)),
    async list(options) {
      const page = await driver.list(options)
      return { ...page, objects: page.objects.map(bare) }
    },
  }
}

type Tell = (key: string, type: 'created' | 'deleted') => Promise<void>

function telling(driver: Driver, tell: Tell): Driver {
  const { multipart } = driver
  return {
    ...driver,
    async put(key, content, options) {
      const info = await driver.put(key, content, options)
      await tell(key, 'created')
      return info
    },
    async delete(targets, options) {
      const results = await driver.delete(targets, options)
      for (const { key, error } of results) if (!error) await tell(key, 'deleted')
      return results
    },
    ...(multipart && {
      multipart: {
        ...multipart,
        async complete(key, uploadId, parts, options) {
          const info = await multipart.complete(key, uploadId, parts, options)
          await tell(key, 'created')
          return info
        },
      },
    }),
  }
}
