// Reports of jobs as pages for people, by kind of job: each is loaded when somebody asks for one.

import type { CostReport } from '#shared/cost/report-job.ts'
import type { SweepReport } from '#shared/integrity/report.ts'
import type { MigrationPlan } from '#shared/migration/plan.ts'
import type { MigrationReport } from '#shared/migration/report.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { HtmlPage } from './html-page.ts'

/** Undefined where this kind has no page. What is shown was kept by the kind itself. */
export async function pageOfReport(kind: string, report: unknown): Promise<HtmlPage | undefined> {
  if (kind === 'verify') {
    const { sweepHtml } = await import('#shared/integrity/html.ts')
    return new HtmlPage(sweepHtml(report as SignedReport<SweepReport>))
  }
  if (kind === 'migrate') {
    const { planHtml, reportHtml } = await import('#shared/migration/html.ts')
    const found = report as MigrationPlan | SignedReport<MigrationReport>
    return new HtmlPage('report' in found ? reportHtml(found.report) : planHtml(found))
  }
  if (kind === 'cost-report') {
    const { htmlPage } = await import('#shared/cost/html.ts')
    return new HtmlPage(htmlPage(report as CostReport))
  }
  return undefined
}
