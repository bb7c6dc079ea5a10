// A run as it is told: a bar while it lasts, a line for each problem, and a summary.

import type { SyncJob } from '#shared/sync/run.ts'
import type { Action, Problem, Tally, Watch } from '#shared/sync/tally.ts'
import { formatBytes, formatCount, formatSeconds, printable } from '../terminal/format.ts'
import { startWorkProgress } from '../terminal/progress.ts'
import { boundYoungGeneration } from '../heap.ts'
import type { Context } from './command.ts'

/** Of actions and problems each, the JSON answer has so many. */
const MOST_TOLD = 10_000

export async function runSync(
  context: Context,
  job: SyncJob,
  { verbose }: { verbose: boolean },
): Promise<void> {
  const { out } = context
  const started = performance.now()
  const bar = startWorkProgress(out.stderr)
  const actions: Action[] = []
  const problems: Problem[] = []
  const remarks: string[] = []
  const line = (text: string) => {
    bar.clear()
    out.remark(text)
  }
  const watch: Watch = {
    did(action) {
      if (!verbose && !job.dryRun) return
      if (out.json && actions.length < MOST_TOLD) actions.push(action)
      else if (!out.json) {
        bar.clear()
        out.stdout.write(`${told(action, job.dryRun)}\n`)
      }
    },
    problem(problem) {
      if (problems.length < MOST_TOLD) problems.push(problem)
      line(printable(problemLine(problem)))
    },
    remark(text) {
      if (remarks.length < MOST_TOLD) remarks.push(text)
      line(printable(text))
    },
    progress: (tally) => bar.update(tally),
  }
  boundYoungGeneration()
  const { sync } = await import('#shared/sync/sync.ts')
  const tally = await sync(job, watch).finally(() => bar.clear())
  const seconds = (performance.now() - started) / 1000
  const { dryRun } = job
  const lists = { ...(actions.length > 0 && { actions }), problems, remarks }
  out.answer({ dryRun, ...counts(tally), seconds, ...lists }, () => summary(tally, dryRun, seconds))
  if (tally.failed + tally.notDeleted > 0) context.failed()
}

function told({ what, key, bytes, why }: Action, dryRun: boolean): string {
  const verb = { copy: ['copied', 'would copy'], delete: ['deleted', 'would delete'] }[what]
  return `${verb[Number(dryRun)]}  ${printable(key)}  ${formatBytes(bytes)}  ${why}`
}

function problemLine({ key, problem }: Problem): string {
  return key === undefined || problem.includes(JSON.stringify(key)) ? problem : `${key}: ${problem}`
}

function counts(tally: Tally): Omit<Tally, 'planned' | 'plannedBytes' | 'movedBytes'> {
  const { planned: _, plannedBytes: __, movedBytes: ___, ...rest } = tally
  return rest
}

function summary(tally: Tally, dryRun: boolean, seconds: number): string {
  const { same, compared, copied, copiedBytes, planned, plannedBytes } = tally
  const { deleted, extra, skipped, failed } = tally
  const parts: [number, string][] = [
    dryRun
      ? [planned, `to copy (${formatBytes(plannedBytes)})`]
      : [copied, `copied (${formatBytes(copiedBytes)})`],
    [deleted, dryRun ? 'to delete' : 'deleted'],
    [same + compared, compared > 0 ? `the same (${formatCount(compared)} compared)` : 'the same'],
    [extra, 'only at the target, left there'],
    [skipped, 'left out'],
    [failed, 'failed'],
  ]
  const shown = parts.filter(([count], index) => index === 0 || count > 0)
  const text = shown.map(([count, what]) => `${formatCount(count)} ${what}`).join(', ')
  return `${text}, in ${formatSeconds(seconds)}`
}
