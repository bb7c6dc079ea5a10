// What a cold start costs: from the start of a process to its first plan, for what was built for Node and for
// Workers, beside a bundle that holds a bare Hono route; and how much code that takes.

import { execFile } from 'node:child_process'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildTarget } from '../../../functions/build.ts'
import type { Bundle } from '../../../functions/bundle.ts'
import { describeSizes, loadedAtOnce } from '../../../functions/bundle.ts'
import { bundleProgram, inScratchFolder } from '../bundles.ts'
import { frontProgram, nodeProgram, workerdProgram } from '../processes.ts'
import type { Check, Outcome } from '../report.ts'
import { atMost, below, median, round } from '../report.ts'
import type { Work } from '../work.ts'
import { makeWork } from '../work.ts'
import type { FirstAnswer } from './first-answer.ts'
import { firstAnswer } from './first-answer.ts'
import { codeOf, kilobytesGzipped } from './sizes.ts'

const ROUNDS = 21

/** Something that is started afresh again and again; its figures are medians. */
interface Contestant {
  name: string
  once(): Promise<Readonly<Record<string, number>>>
}

type Figures = Map<string, Record<string, number>>

export async function coldstart(tell: (line: string) => void): Promise<Outcome> {
  return inScratchFolder(async (folder) => {
    const work = makeWork()
    const targets = {
      node: await buildTarget('node', join(folder, 'node')),
      lambda: await buildTarget('aws', join(folder, 'aws')),
      worker: await buildTarget('cloudflare', join(folder, 'worker')),
    }
    for (const [name, bundle] of Object.entries(targets)) {
      tell([name, ...(await describeSizes(bundle))].join('\n  '))
    }
    const contestants = [
      ...(await nodeContestants(folder, work)),
      ...(await workerContestants(folder, work, targets.worker)),
    ]
    tell(`${ROUNDS} rounds of ${contestants.length} starts`)
    const figures = await race(contestants)
    return {
      checks: [...timesOf(figures), ...(await sizesOf(targets.worker))],
      results: [...figures].map(([name, all]) => ({ name, ...all })),
    }
  })
}

async function nodeContestants(folder: string, work: Work): Promise<Contestant[]> {
  const bare = join(folder, 'bare-node')
  const entry = await bundleProgram('node', 'bare/node.ts', bare)
  const programs = {
    bare: nodeProgram(bare, entry, {}),
    skein: nodeProgram(join(folder, 'node'), 'server.mjs', work.env),
  }
  const imports = {
    bare: join(bare, entry),
    skein: join(folder, 'node/server.mjs'),
    lambda: join(folder, 'aws/api.mjs'),
  }
  return [
    ...Object.entries(programs).map(([name, program]) => ({
      name: `node.${name}`,
      once: async () => asFigures(await firstAnswer(program, work.request(0))),
    })),
    ...Object.entries(imports).map(([name, module]) => ({
      name: `node.${name}`,
      once: async () => ({ import_ms: await importMilliseconds(module, work) }),
    })),
  ]
}

async function workerContestants(folder: string, work: Work, built: Bundle): Promise<Contestant[]> {
  const bare = join(folder, 'bare-worker')
  const entry = await bundleProgram('workerd', 'bare/worker.ts', bare)
  const programs = {
    bare: await workerdProgram(bare, entry, {}),
    skein: await frontProgram(built.folder, work.env),
  }
  return Object.entries(programs).map(([name, program]) => ({
    name: `worker.${name}`,
    once: async () => asFigures(await firstAnswer(program, work.request(0))),
  }))
}

function frontOf({ outputs, entries }: Bundle): string[] {
  return loadedAtOnce(outputs, entries.find((entry) => basename(entry) === 'front.js') ?? '')
}

function asFigures({ milliseconds, cpuMilliseconds }: FirstAnswer): Record<string, number> {
  return { first_plan_ms: milliseconds, cpu_ms: cpuMilliseconds }
}

async function importMilliseconds(module: string, { env }: Work): Promise<number> {
  const program = fileURLToPath(new URL('importing.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program, module], {
    env: { ...process.env, ...env },
  })
  return Number(stdout)
}

/** In turns, so that whatever else the machine does falls on all of them. */
async function race(contestants: readonly Contestant[]): Promise<Figures> {
  const found = contestants.map((): Record<string, number>[] => [])
  for (let i = 0; i < ROUNDS; i++) {
    for (const [index, one] of contestants.entries()) found[index]?.push({ ...(await one.once()) })
  }
  const figures: Figures = new Map()
  for (const [index, { name }] of contestants.entries()) {
    figures.set(name, { ...figures.get(name), ...medians(found[index] ?? []) })
  }
  return figures
}

function medians(found: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(found[0] ?? {})
  return Object.fromEntries(
    names.map((name) => [name, round(median(found.map((one) => one[name] ?? Number.NaN)))]),
  )
}

function timesOf(figures: Figures): Check[] {
  const of = (name: string, figure: string) => figures.get(name)?.[figure] ?? Number.NaN
  const ratio = (runtime: string) =>
    of(`${runtime}.skein`, 'first_plan_ms') / of(`${runtime}.bare`, 'first_plan_ms')
  const more = of('node.skein', 'import_ms') - of('node.bare', 'import_ms')
  return [
    atMost('node.vs_bare_hono', ratio('node'), 1.3),
    atMost('node.import_ms_over_bare', more, 15),
    atMost('worker.vs_bare_hono', ratio('worker'), 1.3),
  ]
}

async function sizesOf(worker: Bundle): Promise<Check[]> {
  return [
    below('worker.kb_gz', await kilobytesGzipped(worker, codeOf(worker)), 1000),
    below('worker.presign_kb_gz', await kilobytesGzipped(worker, frontOf(worker)), 100),
  ]
}
