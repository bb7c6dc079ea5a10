// "Authenticate, check policy, sign, answer" as a caller meets it, over HTTP: requests a second, p99 and the
// server's processor time for each, in Node and in workerd, beside a bare route and routes that leave the
// signing to a library. All sides run at once, and what else the machine does meanwhile falls on all alike.

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

const ROUNDS = 11
const WARM_UP_REQUESTS = 20_000
/** A round is cut small, for the machine changes its pace; together it is long enough for collections to be in it. */
const SLICES = 10
const REQUESTS_A_SLICE = 200
const CONNECTIONS = 8
/** Above this share of its core, the generator and not the server bounds the requests a second. */
const SATURATED = 0.9

interface Turn {
  count: number
  seconds: number
  /** In milliseconds. */
  latencies: readonly number[]
  /** The server's. */
  cpuSeconds: number
  generatorSeconds: number
}

/** What each side did in one round. */
type Round = ReadonlyMap<string, Turn>

export async function api(tell: (line: string) => void): Promise<Outcome> {
  const work = makeWork()
  const all = new Map<RuntimeName, Round[]>()
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
  const results = [...all].flatMap(([runtime, rounds]) => rows(runtime, rounds))
  for (const { runtime, side, generator_busy: busy } of results) {
    if (Number(busy) > SATURATED) {
      tell(`${runtime} ${side}: the generator was busy, so requests a second are at least these`)
    }
  }
  return {
    checks: [...all].flatMap(([runtime, rounds]) => checksOf(runtime, rounds, tell)),
    results,
  }
}

async function measure(sides: readonly Side[], work: Work): Promise<Round[]> {
  for (const side of sides) await takeTurn(side, work, WARM_UP_REQUESTS)
  const rounds: Round[] = []
  while (rounds.length < ROUNDS) rounds.push(await takeRound(sides, work))
  return rounds
}

/** Slice by slice, so that a slow second falls on all; forth and back, so that nobody always follows the same one. */
async function takeRound(sides: readonly Side[], work: Work): Promise<Round> {
  const turns = new Map(sides.map(({ name }) => [name, [] as Turn[]]))
  for (let i = 0; i < SLICES; i++) {
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) {
      turns.get(side.name)?.push(await takeTurn(side, work, REQUESTS_A_SLICE))
    }
  }
  return new Map([...turns].map(([name, slices]) => [name, together(slices)]))
}

async function takeTurn({ port, pid }: Side, work: Work, count: number): Promise<Turn> {
  const before = await cpuSeconds(pid)
  const aim = { port, request: work.request, status: PLAN_STATUS }
  const { seconds, latencies, busy } = await generateLoad(aim, count, CONNECTIONS)
  const cpu = (await cpuSeconds(pid)) - before
  return { count, seconds, latencies, cpuSeconds: cpu, generatorSeconds: busy * seconds }
}

function together(turns: readonly Turn[]): Turn {
  const sum = (of: (turn: Turn) => number) => turns.reduce((all, turn) => all + of(turn), 0)
  return {
    count: sum((turn) => turn.count),
    seconds: sum((turn) => turn.seconds),
    latencies: turns.flatMap((turn) => turn.latencies),
    cpuSeconds: sum((turn) => turn.cpuSeconds),
    generatorSeconds: sum((turn) => turn.generatorSeconds),
  }
}

function rows(runtime: RuntimeName, rounds: readonly Round[]): Result[] {
  return [...(rounds[0]?.keys() ?? [])].map((side) => {
    const middle = (of: (turn: Turn) => number) => {
      return round(median(rounds.map((turns) => of(turns.get(side)!))))
    }
    return {
      runtime,
      side,
      requests_per_second: middle(({ count, seconds }) => count / seconds),
      p99_ms: middle(({ latencies }) => percentile(latencies, 99)),
      cpu_us: middle(cpuMicroseconds),
      cpu_us_above_bare: round(median(rounds.map((turns) => aboveBare(turns, side)))),
      generator_busy: middle(({ generatorSeconds, seconds }) => generatorSeconds / seconds),
    }
  })
}

function cpuMicroseconds({ cpuSeconds: seconds, count }: Turn): number {
  return (seconds / count) * 1e6
}

/** Processor time of a request beyond what Hono and HTTP take of it in the same round. */
function aboveBare(turns: Round, side: string): number {
  return cpuMicroseconds(turns.get(side)!) - cpuMicroseconds(turns.get(BARE)!)
}

/** Each round is compared by itself; the check is their median. */
function checksOf(
  runtime: RuntimeName,
  rounds: readonly Round[],
  tell: (line: string) => void,
): Check[] {
  const versus = (peer: string): number => {
    const ratios = rounds.map((turns) => aboveBare(turns, OURS) / aboveBare(turns, peer))
    const [low, high] = [25, 75].map((percent) => round(percentile(ratios, percent)))
    tell(`${runtime}: of ${peer}'s in half of the rounds ${low} to ${high}`)
    return median(ratios)
  }
  return [
    atMost(`${runtime}.cpu_vs_getSignedUrl`, versus('getSignedUrl'), 0.2),
    below(`${runtime}.cpu_vs_aws4fetch`, versus('aws4fetch'), 1),
  ]
}
