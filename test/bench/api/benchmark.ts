// "Authenticate, check policy, sign, answer" as a caller meets it, over HTTP: requests a second, p99 and the
// server's processor time for each, in Node and in workerd, beside a bare route and routes that leave the
// signing to a library. All sides run at once and take turns in every round.

import { inScratchFolder } from '../bundles.ts'
import { cpuSeconds } from '../cpu.ts'
import { generateLoad } from '../load.ts'
import type { Check, Outcome, Result } from '../report.ts'
import { atMost, below, median, percentile, round } from '../report.ts'
import { PLAN_STATUS } from '../route.ts'
import type { Work } from '../work.ts'
import { makeWork } from '../work.ts'
import type { RuntimeName, Side } from './sides.ts'
import { BARE, OURS, startSides, stopSides } from './sides.ts'

const ROUNDS = 9
const WARM_UP_REQUESTS = 6000
const REQUESTS = 2000
const CONNECTIONS = 8
/** Above this share of its core, the generator and not the server bounds the requests a second. */
const SATURATED = 0.9

interface Turn {
  perSecond: number
  p99Milliseconds: number
  cpuMicroseconds: number
  generatorBusy: number
}

type Figures = Map<string, Turn>

export async function api(tell: (line: string) => void): Promise<Outcome> {
  const work = makeWork()
  const all = new Map<RuntimeName, Figures>()
  await inScratchFolder(async (folder) => {
    for (const runtime of ['node', 'workerd'] as const) {
      const sides = await startSides(runtime, work, folder)
      try {
        tell(`${runtime}: ${ROUNDS} rounds of ${sides.length} sides`)
        all.set(runtime, await measure(sides, work))
      } finally {
        await stopSides(sides)
      }
    }
  })
  const results = [...all].flatMap(([runtime, figures]) => rows(runtime, figures))
  for (const { runtime, side, generator_busy: busy } of results) {
    if (Number(busy) > SATURATED) {
      tell(`${runtime} ${side}: the generator was busy, so requests a second are at least these`)
    }
  }
  return { checks: [...all].flatMap(([runtime, figures]) => checksOf(runtime, figures)), results }
}

async function measure(sides: readonly Side[], work: Work): Promise<Figures> {
  for (const side of sides) await takeTurn(side, work, WARM_UP_REQUESTS)
  const turns = new Map(sides.map(({ name }) => [name, [] as Turn[]]))
  for (let i = 0; i < ROUNDS; i++) {
    for (const side of sides) turns.get(side.name)?.push(await takeTurn(side, work, REQUESTS))
  }
  return new Map([...turns].map(([name, all]) => [name, middle(all)]))
}

async function takeTurn({ port, pid }: Side, work: Work, count: number): Promise<Turn> {
  const before = await cpuSeconds(pid)
  const aim = { port, request: work.request, status: PLAN_STATUS }
  const { seconds, latencies, busy } = await generateLoad(aim, count, CONNECTIONS)
  return {
    perSecond: count / seconds,
    p99Milliseconds: percentile(latencies, 99),
    cpuMicroseconds: (((await cpuSeconds(pid)) - before) / count) * 1e6,
    generatorBusy: busy,
  }
}

function middle(turns: readonly Turn[]): Turn {
  const of = (name: keyof Turn) => median(turns.map((turn) => turn[name]))
  return {
    perSecond: of('perSecond'),
    p99Milliseconds: of('p99Milliseconds'),
    cpuMicroseconds: of('cpuMicroseconds'),
    generatorBusy: of('generatorBusy'),
  }
}

function rows(runtime: RuntimeName, figures: Figures): Result[] {
  return [...figures].map(([side, turn]) => ({
    runtime,
    side,
    requests_per_second: round(turn.perSecond),
    p99_ms: round(turn.p99Milliseconds),
    cpu_us: round(turn.cpuMicroseconds),
    cpu_us_above_bare: round(aboveBare(figures, side)),
    generator_busy: round(turn.generatorBusy),
  }))
}

/** Processor time of a request beyond what Hono and HTTP take of it. */
function aboveBare(figures: Figures, side: string): number {
  const cpu = (name: string) => figures.get(name)?.cpuMicroseconds ?? Number.NaN
  return cpu(side) - cpu(BARE)
}

function checksOf(runtime: RuntimeName, figures: Figures): Check[] {
  const versus = (peer: string) => aboveBare(figures, OURS) / aboveBare(figures, peer)
  return [
    atMost(`${runtime}.cpu_vs_getSignedUrl`, versus('getSignedUrl'), 0.2),
    below(`${runtime}.cpu_vs_aws4fetch`, versus('aws4fetch'), 1),
  ]
}
