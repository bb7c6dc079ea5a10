// What the last sweeps of a workspace have found: what its status rests on between them.

import type { Ledger } from '#shared/jobs/ledger.ts'
import type { Finding } from './findings.ts'
import type { Coverage, SweepReport } from './report.ts'

export interface LastSweep extends Pick<
  SweepReport,
  'job' | 'mode' | 'ended' | 'state' | 'says' | 'found'
> {
  coverage: Coverage
  /** The first of what nobody has mended. */
  findings: Finding[]
  plan?: string | undefined
}

const SHOWN = 50

export async function keepLast(
  ledger: Ledger,
  workspace: string,
  report: SweepReport,
): Promise<void> {
  const { job, mode, ended, state, says, found, coverage, findings, plan } = report
  const last: LastSweep = {
    ...{ job, mode, ended, state, says, found, coverage },
    findings: findings.slice(0, SHOWN),
    ...(plan && !plan.holds && { plan: plan.says }),
  }
  await ledger.write(nameOf(workspace, mode), last)
}

export function readLast(
  ledger: Ledger,
  workspace: string,
  mode: LastSweep['mode'],
): Promise<LastSweep | undefined> {
  return ledger.read<LastSweep>(nameOf(workspace, mode))
}

function nameOf(workspace: string, mode: LastSweep['mode']): string {
  return `integrity/${workspace}/last-${mode}`
}
