// A driver as a cloud on a bad day: requests that are refused, answers that are lost, bodies that break off or
// arrive with a flipped bit, listings that are out of date, and processes that die before or after any of it.

import type { Content, Driver, GetResult, ListPage, ListOptions } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import type { Random } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'

export interface Weather {
  random: Random
  scheduler: Scheduler
  /** While false, every request succeeds and nobody dies. */
  bad: boolean
  /** Stores that answer nobody. */
  down: Set<string>
  /** The dead, whoever they were. */
  deaths: number
}

const CALM = { refuse: 0, lose: 0, die: 0, cut: 0, flip: 0, stale: 0 }
const STORM = { refuse: 0.04, lose: 0.03, die: 0.02, cut: 0.03, flip: 0.02, stale: 0.2 }

export function faultyDriver(
  weather: Weather,
  process: Process,
  store: string,
  inner: Driver,
): Driver {
  const { random, scheduler } = weather
  const odds = () => (weather.bad ? STORM : CALM)

  async function request<T>(act: () => Promise<T>): Promise<T> {
    await scheduler.turn(process)
    if (random.chance(odds().die)) return die(weather, process)
    if (weather.down.has(store)) throw refusal(random, store)
    if (random.chance(odds().refuse)) throw refusal(random, store)
    const result = await act()
    if (random.chance(odds().die)) return die(weather, process)
    if (random.chance(odds().lose)) throw lost(store)
    return result
  }

  /** Skein's own records are read by nobody who has a digest to hold them against. */
  const flip = (key: string) => (key.startsWith(RESERVED_PREFIX) ? 0 : odds().flip)

  const { multipart } = inner
  return {
    ...inner,
    head: (key, options) => request(() => inner.head(key, options)),
    get: (key, options) =>
      request(async () => {
        const result = await inner.get(key, options)
        return spoiled(random, { store, cut: odds().cut, flip: flip(key) }, result)
      }),
    put: (key, content, options) =>
      request(() => inner.put(key, flipped(random, flip(key), content), options)),
    delete: (targets, options) => request(() => inner.delete(targets, options)),
    list: (options) => request(() => listed(random, odds().stale, inner, options)),
    copy: (from, key, options) => request(() => inner.copy(from, key, options)),
    ...(multipart && {
      multipart: {
        ...multipart,
        begin: (...given) => request(() => multipart.begin(...given)),
        part: (...given) => request(() => multipart.part(...given)),
        complete: (...given) => request(() => multipart.complete(...given)),
        abort: (...given) => request(() => multipart.abort(...given)),
      },
    }),
  }
}

function die(weather: Weather, process: Process): Promise<never> {
  weather.deaths += 1
  weather.scheduler.kill(process)
  return new Promise(() => undefined)
}

function refusal(random: Random, store: string): StorageError {
  const kind = random.chance(0.5) ? 'unavailable' : 'throttled'
  return new StorageError(kind, `${store} asks to come back later.`, { store })
}

function lost(store: string): StorageError {
  return new StorageError('unavailable', `${store} did not answer.`, { store, ambiguous: true })
}

function spoiled(
  random: Random,
  { store, cut, flip }: { store: string; cut: number; flip: number },
  result: GetResult,
): GetResult {
  if (random.chance(cut)) {
    const error = new StorageError('unavailable', `${store} broke off.`, { store })
    let sent = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent || result.info.size < 2) return controller.error(error)
        sent = true
        controller.enqueue(new Uint8Array(1))
      },
    })
    // The byte that came is not the object's: whoever takes it for one copies something else.
    return { ...result, body }
  }
  if (!random.chance(flip)) return result
  const body = result.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => controller.enqueue(withFlippedBit(chunk)),
    }),
  )
  return { ...result, body }
}

function flipped(random: Random, probability: number, content: Content): Content {
  if (!('bytes' in content) || !random.chance(probability)) return content
  return { bytes: withFlippedBit(content.bytes) }
}

function withFlippedBit(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  if (copy[0] !== undefined) copy[0] ^= 1
  return copy
}

/** A listing that has not heard of some of the objects yet. */
async function listed(
  random: Random,
  stale: number,
  inner: Driver,
  options: ListOptions,
): Promise<ListPage> {
  const page = await inner.list(options)
  if (!random.chance(stale)) return page
  return { ...page, objects: page.objects.filter(() => random.chance(0.7)) }
}
