// How the fan-out grows with its consumers, how late replicas are under a steady load, and whether anything is
// lost: the built consumer function on a queue of SQS, between two S3 servers that answer 25 ms late.

import { cpus } from 'node:os'
import type { Queue } from '../../servers/sqs/queue.ts'
import { inScratchFolder } from '../bundles.ts'
import type { Outcome, Result } from '../report.ts'
import { atLeast, atMost, median, percentile, round } from '../report.ts'
import { startCrew } from './crew.ts'
import { isWholeAtReplica, lostObjects, writeLarge, writeMany, writeSteadily } from './objects.ts'
import { measureCompletions } from './completions.ts'
import type { Stage } from './stage.ts'
import { openStage } from './stage.ts'

const LATENCY_MILLISECONDS = 25
const SIZES = [1, 2, 4] as const
const ROUNDS = 3
const OBJECTS_A_CONSUMER = 600
const WARM_OBJECTS = 60
/** As serverless.yml has it: an instance copies so many objects at a time. */
const BATCH = 10
const STEADY_SECONDS = 20
const LARGE_BYTES = 2 ** 30
const LOOK_MILLISECONDS = 20

interface Measured {
  size: number
  objectsASecond: number
  consumerMs: number
  sourceMs: number
  replicaMs: number
  requests: number
  peakMiB: number
  /** Of all cores, everything that ran here. */
  busy: number
}

export async function fanout(tell: (line: string) => void): Promise<Outcome> {
  return inScratchFolder(async (folder) => {
    const stage = await openStage(folder)
    try {
      return await measure(stage, folder, tell)
    } finally {
      await stage.close()
    }
  })
}

async function measure(
  stage: Stage,
  folder: string,
  tell: (line: string) => void,
): Promise<Outcome> {
  const measured: Measured[] = []
  for (let i = 1; i <= ROUNDS; i++) {
    for (const size of SIZES) {
      const one = await measureCapacity(stage, size, `round-${i}/${size}`)
      tell(`round ${i}, ${size}: ${Math.round(one.objectsASecond)} objects a second`)
      measured.push(one)
    }
  }
  const rows = SIZES.map((size) => medians(measured.filter((one) => one.size === size)))
  const capacity = rows.at(-1)!.objectsASecond
  const { lags, ...steady } = await measureLag(stage, capacity / 2)
  tell(`lag: p99 ${percentile(lags, 99)} ms`)
  const large = await measureLarge(stage)
  const lost = (await lostObjects(stage)) + (large['same_bytes'] === 'yes' ? 0 : 1)
  const completions = await measureCompletions(folder, stage.stores, stage.source)
  const p99 = percentile(lags, 99)
  return {
    checks: [
      atLeast('speedup_2', speedUp(measured, 2), 1.7),
      atMost('lag_p99_ms', p99, 2000),
      atMost('lost', lost, 0),
    ],
    results: [
      ...rows.map(rowOf),
      { what: 'steady load', ...steady, lag_p50_ms: percentile(lags, 50), lag_p99_ms: p99 },
      { what: '1 GiB', ...large },
      completions,
      {
        what: 'speed-up',
        two_to_one: round(speedUp(measured, 2)),
        four_to_one: round(speedUp(measured, 4)),
      },
    ],
  }
}

async function measureCapacity(stage: Stage, size: number, prefix: string): Promise<Measured> {
  const { source, replica } = stage
  const count = OBJECTS_A_CONSUMER * size
  const warm = WARM_OBJECTS * size
  await answerLate(stage, 0)
  const written = await writeMany(stage, prefix, count + warm)
  await answerLate(stage, LATENCY_MILLISECONDS)
  const crew = await startCrew(stage, size, BATCH)
  try {
    for (const { key, bytes } of written.slice(0, warm)) stage.sendTask(key, bytes, Date.now())
    await crew.done(warm)
    await takeRequests(stage)
    const read = () => Promise.all([crew, source, replica, OWN].map((one) => one.cpuSeconds()))
    const before = await read()
    const began = performance.now()
    for (const { key, bytes } of written.slice(warm)) stage.sendTask(key, bytes, Date.now())
    await crew.done(count)
    const seconds = (performance.now() - began) / 1000
    const spent = (await read()).map((after, i) => after - before[i]!)
    const requests = await takeRequests(stage)
    const [consumerMs, sourceMs, replicaMs] = spent.map((cpu) => (cpu * 1000) / count)
    return {
      ...{ size, objectsASecond: count / seconds, requests: requests / count },
      ...{ consumerMs: consumerMs!, sourceMs: sourceMs!, replicaMs: replicaMs! },
      peakMiB: await crew.peakMiB(),
      busy: spent.reduce((sum, cpu) => sum + cpu, 0) / seconds / cpus().length,
    }
  } finally {
    await crew.stop()
  }
}

/** This process, which is also the queue's server. */
const OWN = {
  async cpuSeconds() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
}

async function measureLag(stage: Stage, objectsASecond: number) {
  await answerLate(stage, LATENCY_MILLISECONDS)
  const crew = await startCrew(stage, SIZES.at(-1)!, BATCH)
  try {
    const count = Math.round(objectsASecond * STEADY_SECONDS)
    const done = crew.done(count)
    await writeSteadily(stage, 'steady', count, objectsASecond)
    const lags = await done
    return { lags, consumers: SIZES.at(-1)!, objects_a_second: Math.round(objectsASecond) }
  } finally {
    await crew.stop()
  }
}

async function measureLarge(stage: Stage): Promise<Result> {
  await answerLate(stage, 0)
  const key = 'large'
  const sha256 = await writeLarge(stage, key, LARGE_BYTES)
  await answerLate(stage, LATENCY_MILLISECONDS)
  const crew = await startCrew(stage, SIZES.at(-1)!, BATCH)
  try {
    await takeRequests(stage)
    const before = await crew.cpuSeconds()
    const began = performance.now()
    stage.sendTask(key, LARGE_BYTES, Date.now())
    await workedOff(stage.queue)
    const seconds = round((performance.now() - began) / 1000)
    const cpu = (await crew.cpuSeconds()) - before
    const requests = await takeRequests(stage)
    const peak = Math.round(await crew.peakMiB())
    await answerLate(stage, 0)
    const whole = await isWholeAtReplica(stage, key, sha256)
    const consumers = SIZES.at(-1)!
    return {
      ...{ consumers, seconds, requests, consumer_cpu_ms: Math.round(cpu * 1000) },
      ...{ peak_mib: peak, same_bytes: whole ? 'yes' : 'NO' },
    }
  } finally {
    await crew.stop()
  }
}

/** But for what comes later, in case that a range was lost: a large object is copied by many tasks. */
async function workedOff(queue: Queue): Promise<void> {
  for (;;) {
    const { visible, inFlight } = queue.counts()
    if (visible + inFlight === 0) return
    await queue.changed(LOOK_MILLISECONDS)
  }
}

async function takeRequests({ source, replica }: Stage): Promise<number> {
  const both = await Promise.all([source.takeRequests(), replica.takeRequests()])
  return both.reduce((sum, { all }) => sum + all, 0)
}

async function answerLate({ source, replica }: Stage, milliseconds: number): Promise<void> {
  await Promise.all([source.answerLate(milliseconds), replica.answerLate(milliseconds)])
}

/** Over one consumer in the same round, the median of the rounds: what else the machine does falls on both. */
function speedUp(all: readonly Measured[], size: number): number {
  const rates = (of: number) =>
    all.filter((one) => one.size === of).map(({ objectsASecond }) => objectsASecond)
  const single = rates(1)
  return median(rates(size).map((rate, i) => rate / single[i]!))
}

function medians(all: readonly Measured[]): Measured {
  const names = Object.keys(all[0]!) as (keyof Measured)[]
  const entries = names.map((name) => [name, median(all.map((one) => one[name]))])
  return Object.fromEntries(entries) as Measured
}

function rowOf(one: Measured): Result {
  return {
    what: 'capacity',
    consumers: one.size,
    objects_a_second: Math.round(one.objectsASecond),
    requests: round(one.requests),
    consumer_cpu_ms: round(one.consumerMs),
    source_cpu_ms: round(one.sourceMs),
    replica_cpu_ms: round(one.replicaMs),
    peak_mib: Math.round(one.peakMiB),
    machine_busy: round(one.busy),
  }
}
