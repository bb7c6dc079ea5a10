// Ten thousand malformed requests against the running server, and one in ten of all that is right: nothing
// may be the server's fault, nothing may hang, memory stays flat, and whoever is right is served.

import type { Outcome, Result } from '../report.ts'
import { atLeast, atMost } from '../report.ts'
import { inScratchFolder } from '../bundles.ts'
import type { Target } from './cases.ts'
import { KINDS, makeCase } from './cases.ts'
import { chanceOf } from './chance.ts'
import { planDownload, planUpload, runControl } from './controls.ts'
import { sendCase } from './send.ts'
import type { FuzzedServer } from './server.ts'
import { WORKSPACE, startFuzzedServer } from './server.ts'

const CASES = 10_000
/** So that one of ten is right. */
const CASES_PER_CONTROL = 9
/** Before memory is first looked at, with a control for each: heap and caches then have the size they keep. */
const WARM_UP_CASES = 3000
const IN_FLIGHT = 16
const PATIENCE_SECONDS = 10
/** What is left after a forced collection wavers by as much; a leak of 3 KB a request would be seen. */
const RSS_GROWTH_MB = 32
/** How many of the faults are told. */
const TOLD = 10
/** And how much of a request. */
const SHOWN = 600

interface Tally {
  sent: Map<string, number>
  statuses: Map<string, number>
  serverErrors: string[]
  hangs: string[]
  controls: number
  unserved: string[]
}

export async function fuzz(tell: (line: string) => void): Promise<Outcome> {
  const seed = Number(process.env['SKEIN_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  tell(`seed ${seed}; again with SKEIN_SEED=${seed}`)
  return inScratchFolder(async (folder) => {
    const server = await startFuzzedServer(folder)
    try {
      return await attack(server, seed, tell)
    } finally {
      await server.stop()
    }
  })
}

async function attack(
  server: FuzzedServer,
  seed: number,
  tell: (line: string) => void,
): Promise<Outcome> {
  const target = await openTarget(server)
  const warmUp = newTally()
  await unleash({ server, target, seed, tally: warmUp, casesPerControl: 1 }, -WARM_UP_CASES, 0)
  const before = await server.rssBytes()
  tell(`${WARM_UP_CASES} cases of warm-up; ${CASES} to come`)
  const tally = newTally()
  await unleash({ server, target, seed, tally, casesPerControl: CASES_PER_CONTROL }, 0, CASES)
  if (!server.runs()) throw new Error(`The server has ended: ${server.lastWords()}`)
  const grown = ((await server.rssBytes()) - before) / 1e6
  for (const fault of faultsOf(warmUp, tally).slice(0, TOLD)) tell(fault)
  const faulty = (list: 'serverErrors' | 'hangs' | 'unserved') =>
    tally[list].length + warmUp[list].length
  const controls = tally.controls + warmUp.controls
  return {
    checks: [
      atMost('server_errors', faulty('serverErrors'), 0),
      atMost('hangs', faulty('hangs'), 0),
      atMost('rss_growth_mb', grown, RSS_GROWTH_MB),
      atLeast('controls_served_percent', (100 * (controls - faulty('unserved'))) / controls, 100),
    ],
    results: resultsOf(seed, tally, before / 1e6),
  }
}

/** What the cases are made from: right requests of this very server. */
async function openTarget(server: FuzzedServer): Promise<Target> {
  const single = await planUpload(server, -1)
  const parts = await planUpload(server, -2, { size: 20_000_000, method: 'parts' })
  const urls = [single.request, ...(parts.parts?.requests.slice(0, 2) ?? [])]
  const { request } = await planDownload(server, -1)
  const signed = [...urls, request].flatMap((one) => (one === undefined ? [] : one.url))
  return {
    workspace: WORKSPACE,
    token: server.token,
    ids: [single.id, parts.id],
    signed: signed.map((url) => new URL(url)).map(({ pathname, search }) => pathname + search),
  }
}

interface Storm {
  server: FuzzedServer
  target: Target
  seed: number
  tally: Tally
  casesPerControl: number
}

/** The cases from `first` until `end`, many at a time. */
async function unleash(storm: Storm, first: number, end: number): Promise<void> {
  const { server, tally, casesPerControl } = storm
  let next = first
  const lane = async (): Promise<void> => {
    while (next < end && server.runs()) {
      const number = next++
      await attempt(storm, number)
      if (number % casesPerControl === 0) await control(server, tally, number / casesPerControl)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

async function attempt({ server, target, seed, tally }: Storm, number: number): Promise<void> {
  const one = makeCase(chanceOf(seed, number), target)
  const { status, hung } = await sendCase(server, one, PATIENCE_SECONDS)
  count(tally.sent, one.kind)
  const shown = () => `case ${number} (${one.kind}): ${printable(one.bytes.slice(0, SHOWN))}`
  if (hung) tally.hangs.push(`hangs: ${shown()}`)
  else if (status === undefined) count(tally.statuses, `${one.kind} closed`)
  else if (status >= 500) tally.serverErrors.push(`${status}: ${shown()}`)
  else count(tally.statuses, `${one.kind} ${Math.floor(status / 100)}xx`)
}

function printable(bytes: string): string {
  return JSON.stringify(bytes).replace(/[^\x20-\x7e]/g, (c) => {
    return `\\u00${c.charCodeAt(0).toString(16)}`
  })
}

async function control(server: FuzzedServer, tally: Tally, number: number): Promise<void> {
  tally.controls++
  const reason = await runControl(server, Math.abs(number))
  if (reason !== undefined) tally.unserved.push(`not served: control ${number}: ${reason}`)
}

function newTally(): Tally {
  return {
    ...{ sent: new Map(), statuses: new Map(), controls: 0 },
    ...{ serverErrors: [], hangs: [], unserved: [] },
  }
}

function faultsOf(...tallies: readonly Tally[]): string[] {
  return tallies.flatMap(({ serverErrors, hangs, unserved }) => {
    return [...serverErrors, ...hangs, ...unserved]
  })
}

function resultsOf(seed: number, tally: Tally, rssMegabytes: number): Result[] {
  const kinds = KINDS.map((kind) => ({
    kind,
    cases: tally.sent.get(kind) ?? 0,
    ...Object.fromEntries(
      ['2xx', '3xx', '4xx', 'closed'].map((fate) => [
        fate,
        tally.statuses.get(`${kind} ${fate}`) ?? 0,
      ]),
    ),
  }))
  return [
    ...kinds,
    { kind: 'controls', cases: tally.controls },
    { kind: 'seed', cases: seed },
    { kind: 'rss_mb_after_warm_up', cases: Math.round(rssMegabytes) },
  ]
}

function count(tally: Map<string, number>, name: string): void {
  tally.set(name, (tally.get(name) ?? 0) + 1)
}
