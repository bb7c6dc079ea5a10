// A report that somebody kept, checked without asking anybody: has it been changed since it was signed, and by whom
// was it signed.

import { readFile, writeFile } from 'node:fs/promises'
import { sweepHtml } from '#shared/integrity/html.ts'
import type { SweepReport } from '#shared/integrity/report.ts'
import type { MigrationReport } from '#shared/migration/report.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { checkReport } from '#shared/jobs/signed-report.ts'
import type { Context } from './command.ts'
import { UsageError } from './command.ts'
import { reportPage as migrationPage } from './migrate-page.ts'
import { reportPage } from './verify-page.ts'

export interface ReportFile {
  path: string
  /** The public key that it must be signed with. */
  key: string | undefined
  /** Where the page for people is written; only of a report that holds. */
  html: string | undefined
}

export async function checkReportFile(
  context: Context,
  { path, key, html }: ReportFile,
): Promise<void> {
  const { out } = context
  const signed = await readReport(path)
  const checked = await checkReport(signed, key)
  if (html !== undefined && checked.valid) {
    if (!isSweep(signed)) throw new UsageError(`${path} is no report of a sweep.`)
    await writeFile(html, sweepHtml(signed))
  }
  const page = isSweep(signed)
    ? `\n\n${reportPage(signed.report)}`
    : isMigration(signed)
      ? `\n\n${migrationPage(signed.report)}`
      : ''
  out.answer(checked, () =>
    checked.valid
      ? `${path} is as it was signed, by ${checked.publicKey} (${checked.fingerprint}).${page}`
      : `${path} cannot be relied on. ${checked.reason}`,
  )
  if (checked.valid && key === undefined) {
    out.remark('Anybody can sign with a key of his own: give the one that you know with --key.')
  }
  if (!checked.valid) context.failed()
}

async function readReport(path: string): Promise<SignedReport> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) throw new UsageError(`There is no file ${path}.`)
  try {
    const data: unknown = JSON.parse(text)
    if (isReport(data)) return data
  } catch {
    // What is no JSON is no report either.
  }
  throw new UsageError(`${path} is no report of Skein's.`)
}

function isReport(data: unknown): data is SignedReport {
  return typeof data === 'object' && data !== null && 'report' in data
}

function isSweep(signed: SignedReport): signed is SignedReport<SweepReport> {
  return kindOf(signed) === 'verify'
}

function isMigration(signed: SignedReport): signed is SignedReport<MigrationReport> {
  return kindOf(signed) === 'migrate'
}

function kindOf({ report }: SignedReport): unknown {
  return typeof report === 'object' && report !== null && 'kind' in report ? report.kind : undefined
}
