// The four sides in one runtime, each a process of its own: the bare route, what was built of Skein, and its
// peers. Before anything is timed, each is asked once, and must have done the same work.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { UploadPlan } from '#shared/client/protocol.ts'
import { buildTarget } from '../../../functions/build.ts'
import { startProcess } from '../../servers/process.ts'
import { bundleProgram } from '../bundles.ts'
import { ask } from '../load.ts'
import type { Environment, Program } from '../processes.ts'
import { frontProgram, nodeProgram, workerdProgram } from '../processes.ts'
import { PLAN_STATUS } from '../route.ts'
import type { Work } from '../work.ts'
import { SIGNERS } from './signers.ts'

export type RuntimeName = 'node' | 'workerd'

export interface Side {
  name: string
  port: number
  pid: number
  stop(): Promise<void>
}

export const BARE = 'bare'
export const OURS = 'skein'

/** Ours first, for its plan is what the bare route answers. */
export async function startSides(
  runtime: RuntimeName,
  work: Work,
  folder: string,
): Promise<Side[]> {
  const sides: Side[] = []
  const start = async (name: string, entry: string | undefined, env: Environment) => {
    const place = join(folder, runtime, name)
    await mkdir(place, { recursive: true })
    sides.push(await startSide(name, await programOf(runtime, entry, place, env)))
  }
  try {
    await start(OURS, undefined, work.env)
    const plan = await planOf(sides[0]!, work)
    await start(BARE, `bare/${ENTRY[runtime]}`, { PLAN: JSON.stringify(plan) })
    for (const peer of Object.keys(SIGNERS)) {
      await start(peer, `api/peer-${ENTRY[runtime]}`, { ...work.env, PEER: peer })
    }
    for (const side of sides) checkSame(side.name, plan, await planOf(side, work))
    return sides
  } catch (error) {
    await stopSides(sides)
    throw error
  }
}

export async function stopSides(sides: readonly Side[]): Promise<void> {
  await Promise.all(sides.map((side) => side.stop()))
}

const ENTRY = { node: 'node.ts', workerd: 'worker.ts' } as const

/** Without an entry of the benchmarks' own, the target as it is deployed. */
async function programOf(
  runtime: RuntimeName,
  entry: string | undefined,
  folder: string,
  env: Environment,
): Promise<Program> {
  const file = entry === undefined ? undefined : await bundleProgram(runtime, entry, folder)
  if (file === undefined) await buildTarget(runtime === 'node' ? 'node' : 'cloudflare', folder)
  return runtime === 'node'
    ? nodeProgram(folder, file ?? 'server.mjs', env)
    : file === undefined
      ? frontProgram(folder, env)
      : workerdProgram(folder, file, env)
}

async function startSide(name: string, { port, ...program }: Program): Promise<Side> {
  const { line, pid, stop } = await startProcess({ ...program, ready: port })
  return { name, port: Number(port.exec(line)?.[1]), pid, stop }
}

async function planOf({ name, port }: Side, work: Work): Promise<UploadPlan> {
  const { status, body } = await ask(port, work.request(0))
  if (status !== PLAN_STATUS) throw new Error(`${name} answered ${status}: ${body}`)
  return JSON.parse(body) as UploadPlan
}

/** The same fields, headers and signed headers; what is in them differs as chance and time do. */
function checkSame(name: string, ours: UploadPlan, theirs: UploadPlan): void {
  const [expected, found] = [outline(ours), outline(theirs)]
  if (expected !== found) {
    throw new Error(`${name} does other work than Skein:\n${found}\ninstead of\n${expected}`)
  }
}

function outline(plan: UploadPlan): string {
  const url = new URL(plan.request?.url ?? '')
  return JSON.stringify([
    Object.keys(plan).toSorted(),
    Object.keys(plan.request?.headers ?? {}).toSorted(),
    plan.enforced,
    url.host + url.pathname,
    url.searchParams.get('X-Amz-SignedHeaders'),
    url.searchParams.get('X-Amz-Expires'),
  ])
}
