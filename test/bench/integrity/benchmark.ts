// Whether a sweep finds what is wrong, and what it costs when nothing is: beside `rclone check` on the same servers.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { SweepReport } from '#shared/integrity/report.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { bundleProgram, inScratchFolder } from '../bundles.ts'
import { rcloneVersion } from '../copy/peers.ts'
import type { Outcome, Result } from '../report.ts'
import { atLeast, atMost, median, round } from '../report.ts'
import { harm, putLarge } from './harm.ts'
import { keepRecords } from './records.ts'
import type { Run, Stage } from './stage.ts'
import { openStage } from './stage.ts'

const HARMED = 2000
const CHECKED = 100_000
/** The last does the work of the second over as few objects as the first. */
const SIMULATED = [
  { count: 100_000, times: 1 },
  { count: 1_000_000, times: 1 },
  { count: 100_000, times: 10 },
] as const
const ROUNDS = 5

type Tell = (line: string) => void

export async function integrity(tell: Tell): Promise<Outcome> {
  tell(
    (await rcloneVersion()) ??
      'rclone is missing (apt-get install rclone): nothing to compare with',
  )
  return inScratchFolder(async (folder) => {
    const parts = [
      await onStage(join(folder, 'harmed'), HARMED, (stage) => findHarm(stage, tell)),
      await onStage(join(folder, 'checked'), CHECKED, (stage) => checkMany(stage, tell)),
      await simulate(folder, tell),
    ]
    return {
      checks: parts.flatMap(({ checks }) => checks),
      results: parts.flatMap(({ results }) => results),
    }
  })
}

async function onStage(
  folder: string,
  count: number,
  work: (stage: Stage) => Promise<Outcome>,
): Promise<Outcome> {
  await mkdir(folder, { recursive: true })
  const stage = await openStage(folder, count)
  try {
    return await work(stage)
  } finally {
    await stage.stop()
  }
}

function verify(stage: Stage, ...args: string[]): Promise<Run> {
  const { skein, records } = stage
  const [left, right] = stage.sides
  return skein('verify', left.uri, right.uri, '--json', '--records', records, ...args)
}

/** Undefined where it is not installed. */
async function rcloneCheck(stage: Stage, ...args: string[]): Promise<Run | undefined> {
  const places = stage.sides.map(({ name }) => `${name}:${name}`)
  return stage.rclone?.('check', ...places, '--fast-list', ...args)
}

function reportOf({ out, err }: Run): SweepReport {
  try {
    return (JSON.parse(out) as SignedReport<SweepReport>).report
  } catch {
    throw new Error(`skein verify gave no report: ${err}${out.slice(0, 500)}`)
  }
}

async function findHarm(stage: Stage, tell: Tell): Promise<Outcome> {
  tell(`${HARMED} objects, small ones and some in parts, are read and then harmed…`)
  await putLarge(stage)
  const before = reportOf(await verify(stage, '--deep'))
  const wrong = await harm(stage)
  const report = reportOf(await verify(stage, '--deep'))
  const found = new Set(report.findings.map(({ key }) => key))
  const foundByRclone = differing(await rcloneCheck(stage, '--combined', '-'))
  const falseFindings = before.findings.length + [...found].filter((key) => !wrong.has(key)).length
  return {
    checks: [
      atLeast('found_percent', percentOf(wrong, found), 100),
      atMost('false_findings', falseFindings, 0),
      ...(foundByRclone
        ? [atLeast('rclone_found_percent', percentOf(wrong, foundByRclone), 0)]
        : []),
    ],
    results: [...new Set(wrong.values())].map((what) => {
      const keys = new Map([...wrong].filter(([, one]) => one === what))
      return {
        harm: what,
        planted: keys.size,
        skein_found: countOf(keys, found),
        ...(foundByRclone && { rclone_found: countOf(keys, foundByRclone) }),
      }
    }),
  }
}

/** The keys that it says something of; undefined where it is not installed. */
function differing(theirs: Run | undefined): Set<string> | undefined {
  if (!theirs) return undefined
  if (theirs.out === '') throw new Error(`rclone check said nothing: ${theirs.err.slice(-500)}`)
  const lines = theirs.out.split('\n').filter((line) => /^[*+\-!] /.test(line))
  return new Set(lines.map((line) => line.slice(2)))
}

function countOf(wrong: ReadonlyMap<string, string>, found: ReadonlySet<string>): number {
  return [...wrong.keys()].filter((key) => found.has(key)).length
}

function percentOf(wrong: ReadonlyMap<string, string>, found: ReadonlySet<string>): number {
  return (countOf(wrong, found) / wrong.size) * 100
}

async function checkMany(stage: Stage, tell: Tell): Promise<Outcome> {
  tell(`${CHECKED} equal objects are checked by both, in turns…`)
  await keepRecords(stage)
  const ours: Run[] = []
  const theirs: Run[] = []
  for (let n = 0; n < ROUNDS; n++) {
    ours.push(await verify(stage))
    const their = await rcloneCheck(stage)
    if (their) theirs.push(their)
  }
  const report = reportOf(ours.at(-1)!)
  if (report.objects !== CHECKED || report.findings.length > 0) {
    throw new Error(`the check looked at ${report.objects} objects: ${report.says}`)
  }
  const failed = theirs.find(({ code }) => code !== 0)
  if (failed) throw new Error(`rclone check failed: ${failed.err.slice(-500)}`)
  const { list, head, get } = report.requests
  const seconds = (runs: readonly Run[]) => median(runs.map((run) => run.seconds))
  return {
    checks: [
      ...(theirs.length > 0
        ? [atMost('check.time_vs_rclone', seconds(ours) / seconds(theirs), 1.1)]
        : []),
      atMost('check.requests_per_object', (head + get) / CHECKED, 0),
    ],
    results: [row('skein', ours, list), ...(theirs.length > 0 ? [row('rclone', theirs)] : [])],
  }
}

function row(check: string, runs: readonly Run[], lists?: number): Result {
  return {
    check,
    objects: CHECKED,
    seconds: round(median(runs.map((run) => run.seconds))),
    megabytes: round(median(runs.map((run) => run.megabytes))),
    ...(lists !== undefined && { lists }),
  }
}

interface Simulated {
  objects: number
  firstSeconds: number
  seconds: number
  requestsPerObject: number
  megabytes: number
}

const SIMULATIONS = 3

/** Each size in several processes, one after the other: medians of their high marks. */
async function simulate(folder: string, tell: Tell): Promise<Outcome> {
  const sizes = SIMULATED.map(({ count, times }) => `${count} objects ${times} times`)
  tell(`${sizes.join(' and ')} are swept of a simulated lister, in ${SIMULATIONS} processes each…`)
  const bundle = join(folder, 'simulated')
  const program = join(bundle, await bundleProgram('node', './integrity/simulated.ts', bundle))
  const rounds: Simulated[][] = []
  for (let n = 0; n < SIMULATIONS; n++) {
    const each: Simulated[] = []
    for (const size of SIMULATED) each.push(await simulateOnce(program, folder, size))
    rounds.push(each)
  }
  const medians = SIMULATED.map((_, at) => mediansOf(rounds.map((each) => each[at]!)))
  const [few, many] = medians
  return {
    checks: [
      atMost('memory_1m_vs_100k', many!.megabytes / few!.megabytes, 1.25),
      atMost('simulated.requests_per_object', many!.requestsPerObject, 0),
    ],
    results: medians.map((one, at) => ({
      simulated: one.objects,
      times: SIMULATED[at]!.times,
      first_seconds: round(one.firstSeconds),
      seconds: round(one.seconds),
      megabytes: round(one.megabytes),
      of: rounds.map((each) => round(each[at]!.megabytes)).join(' '),
    })),
  }
}

async function simulateOnce(
  program: string,
  folder: string,
  { count, times }: (typeof SIMULATED)[number],
): Promise<Simulated> {
  const own = await mkdtemp(join(folder, `simulated-${count}-`))
  const args = [program, String(count), own, String(times)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  await rm(own, { recursive: true })
  return JSON.parse(stdout) as Simulated
}

function mediansOf(rounds: readonly Simulated[]): Simulated {
  const of = (name: keyof Simulated) => median(rounds.map((one) => one[name]))
  return {
    objects: of('objects'),
    firstSeconds: of('firstSeconds'),
    seconds: of('seconds'),
    requestsPerObject: of('requestsPerObject'),
    megabytes: of('megabytes'),
  }
}
