// What comes due by itself: a report a week, advice a month, what a policy lets be applied of it, and the webhooks
// of budgets. When each was last begun lies in the ledger.

import { sendWebhook } from '#shared/replication/webhook.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { CostFields, CostOptions } from './door.ts'
import { costNames } from './names.ts'

interface Begun {
  reported?: string
  advised?: string
}

const DAY_MILLISECONDS = 86_400_000
const WEEK_DAYS = 7
const MONTH_DAYS = 30

export async function runCost(options: CostOptions, fields: CostFields): Promise<void> {
  const { rules, now, fetch, jobs } = options
  if (fields.does === 'begin') return beginDue(options)
  if (fields.does === 'apply') {
    await jobs.start('cost-apply', fields.input, 'policy')
    return
  }
  const { workspace, url, id, body } = fields
  if (url === undefined || id === undefined || body === undefined)
    throw new StorageError('invalid', 'A task of cost is to tell of nothing.')
  await sendWebhook({ rules, now, fetch }, { workspace, url, id, body })
}

/** Noted once it has begun: should that be lost, it begins twice, which does no harm. */
async function beginDue({ workspace, rules, ledger, jobs, now }: CostOptions): Promise<void> {
  if (rules.report === 'never' && rules.advise === 'never') return
  const name = costNames.begun(workspace)
  const begun = (await ledger.read<Begun>(name)) ?? {}
  const at = new Date(now()).toISOString()
  const isDue = (last: string | undefined, days: number) =>
    last === undefined || now() - Date.parse(last) >= days * DAY_MILLISECONDS
  const next: Begun = { ...begun }
  if (rules.report === 'weekly' && isDue(begun.reported, WEEK_DAYS)) {
    await jobs.start('cost-report', { compare: true }, 'schedule')
    next.reported = at
  }
  if (rules.advise === 'monthly' && isDue(begun.advised, MONTH_DAYS)) {
    await jobs.start('cost-advise', rules.apply ? { apply: 'by-policy' } : {}, 'schedule')
    next.advised = at
  }
  if (next.reported !== begun.reported || next.advised !== begun.advised)
    await ledger.write(name, next)
}
