// The sweep behind `verify`: over a workspace or over stores, worked off here, or by a suite that runs elsewhere.

import type { Job } from '#shared/client/protocol.ts'
import type { VerifyInput } from '#shared/integrity/input.ts'
import type { SweepReport } from '#shared/integrity/report.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { pause } from '#shared/wire/retry.ts'
import { formatCount } from '../terminal/format.ts'
import type { Context, Options } from './command.ts'
import { UsageError } from './command.ts'
import { deployed } from './deployed.ts'
import { jobsHere, runHere } from './jobs-here.ts'
import { placeNamed, recordsAt } from './job-places.ts'
import { keepHeapSmall } from '../heap.ts'
import { wishes } from './verify-options.ts'

export interface Swept {
  id: string
  view: { state: Job['state']; why?: string | undefined; result?: unknown }
  signed: SignedReport<SweepReport> | undefined
}

const DEFAULT_AT_ONCE = 2

export async function sweep(
  context: Context,
  named: readonly string[],
  options: Options,
): Promise<Swept> {
  keepHeapSmall()
  const { about, input } = await subject(context, named, options)
  const jobs = await jobsHere(context, about)
  const { id } = await jobs.engine.start(
    'verify',
    { ...input, ...wishes(options, input) },
    'skein verify',
  )
  const ended = await runHere(context, jobs, id, {
    atOnce: DEFAULT_AT_ONCE,
    onView: progressOn(context),
  })
  clearLine(context)
  const isOver = !options.flag('plan') && (ended.state === 'done' || ended.state === 'ready')
  const signed = isOver ? ((await jobs.engine.report(id)) as SignedReport<SweepReport>) : undefined
  return { id, view: ended, signed }
}

const LOOK_SECONDS = 1

/** By a suite that runs elsewhere; interrupted, the sweep goes on there. */
export async function sweepThere(
  context: Context,
  named: readonly string[],
  options: Options,
  endpoint: string,
): Promise<Swept> {
  const [workspace, ...others] = named
  if (workspace === undefined || others.length > 0) {
    throw new UsageError('Name the one workspace that the suite shall verify.')
  }
  const api = deployed(context, endpoint, workspace)
  const body = { kind: 'verify', options: wishes(options, {}) }
  let view = await api.call<Job>('POST', 'jobs', { body })
  const show = progressOn(context)
  while (view.state === 'running') {
    await pause(LOOK_SECONDS, context.signal)
    view = await api.call<Job>('GET', `jobs/${view.id}`)
    show({ tally: view.tally, progress: { phase: view.phases.at(-1)?.name ?? '' } })
  }
  clearLine(context)
  const isReported = (view.state === 'done' || view.state === 'ready') && !options.flag('plan')
  const signed = isReported
    ? await api.call<SignedReport<SweepReport>>('GET', `jobs/${view.id}/report`)
    : undefined
  return { id: view.id, view, signed }
}

type About = Parameters<typeof jobsHere>[1]

async function subject(
  context: Context,
  named: readonly string[],
  options: Options,
): Promise<{ about: About; input: VerifyInput }> {
  const { workspaces } = await context.config()
  if (named.length > 2) throw new UsageError('Name a workspace, or one store or two.')
  const [first = onlyOne([...workspaces.keys()])] = named
  if (named.length < 2 && workspaces.has(first)) {
    return { about: { workspace: first }, input: { parts: 1 } }
  }
  const places = await Promise.all(named.map((text) => placeNamed(context, text)))
  const alone: VerifyInput = places.length === 1 ? { mode: 'deep' } : {}
  const about = { ledger: await recordsAt(context, places, options.text('records')) }
  return { about, input: { ...alone, parts: 1, stores: places } }
}

function onlyOne(workspaces: readonly string[]): string {
  const [first, ...others] = workspaces
  if (first !== undefined && others.length === 0) return first
  throw new UsageError(`Name what to verify: ${workspaces.join(', ') || 'one store or two'}.`)
}

interface Shown {
  tally: Readonly<Record<string, number>>
  progress?: { phase: string } | undefined
}

function progressOn({ out }: Context): (view: Shown) => void {
  const stream: { isTTY?: boolean; columns?: number } = out.stderr as typeof out.stderr & {
    isTTY?: boolean
    columns?: number
  }
  return ({ progress, tally }) => {
    if (!stream.isTTY || !progress) return
    const found = Object.entries(tally).reduce(
      (sum, [name, count]) => sum + (name.startsWith('found.') ? count : 0),
      0,
    )
    const line = `${progress.phase}  ${formatCount(tally['objects'] ?? 0)} objects, ${formatCount(found)} findings`
    out.stderr.write(`\r${line.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`)
  }
}

function clearLine({ out }: Context): void {
  if ('isTTY' in out.stderr && out.stderr.isTTY === true) out.stderr.write('\r\u001b[K')
}
