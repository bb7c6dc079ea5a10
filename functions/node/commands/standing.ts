// `status` of a workspace: how its stores answer, and how its copies stand, with what to do about each issue.

import { standing } from '#shared/api/standing.ts'
import type { WorkspaceStatus } from '#shared/client/protocol.ts'
import { reportKey } from '#shared/jobs/signed-report.ts'
import { openSuite } from '#shared/suite.ts'
import { formatCount, formatTime } from '../terminal/format.ts'
import { facts, table } from '../terminal/table.ts'
import type { Context } from './command.ts'
import { workspaceNamed } from './jobs-here.ts'

export async function tellStanding(context: Context, name: string): Promise<void> {
  const suite = openSuite(await context.config(), context.platform)
  const status = await standing(suite, workspaceNamed(suite, name), context.signal)
  const key = await reportKey(suite.seal)
  context.out.answer({ ...status, reportKey: key }, () => page(status, key))
  if (status.state !== 'healthy') context.failed()
}

function page(status: WorkspaceStatus, key: string | undefined): string {
  const { workspace, state, stores, issues, sweeps } = status
  const deep = sweeps.deep?.coverage
  const head = facts([
    ['Workspace', workspace],
    ['State', state],
    ['Quick sweep', sweepLine(sweeps.quick)],
    ['Deep sweep', sweepLine(sweeps.deep)],
    [
      'Coverage',
      deep &&
        `${deep.sharePercent} % read within ${deep.days} days, ${formatCount(deep.never)} never`,
    ],
    ['Reports', key && `signed by ${key}`],
  ])
  const answers = table(
    [{ title: 'STORE' }, { title: 'ROLE' }, { title: 'STATE' }, { title: 'LATENCY', right: true }],
    stores.map(({ store, role, state: is, milliseconds }) => {
      return [store, role, is, milliseconds === undefined ? '' : `${milliseconds} ms`]
    }),
  )
  const found = table(
    [{ title: 'ISSUE' }, { title: 'WHAT' }, { title: 'DO' }],
    issues.map(({ severity, what, action }) => [severity, what, action]),
  )
  return [head, answers, ...(issues.length > 0 ? [found] : [])].join('\n\n')
}

function sweepLine(sweep: WorkspaceStatus['sweeps']['quick']): string | undefined {
  return sweep && `${formatTime(new Date(sweep.ended))}: ${sweep.says}`
}
