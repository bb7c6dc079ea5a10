// `verify`: whether every copy is still right, how that is known, and what is not; mended where that is asked for.
// The sweep is a job like any other, worked off here: interrupted, it goes on with `skein jobs resume`.

import { writeFile } from 'node:fs/promises'
import { sweepHtml } from '#shared/integrity/html.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'
import type { CommandRow, Context } from './command.ts'
import { ENDPOINT } from './deployed.ts'
import { checkReportFile } from './verify-file.ts'
import { reportPage } from './verify-page.ts'
import type { Swept } from './verify-sweep.ts'
import { sweep, sweepThere } from './verify-sweep.ts'

export const verify: CommandRow = {
  name: 'verify',
  parameters: '[what...]',
  summary: 'Prove that the copies are right, and mend those that are not',
  about: [
    'Takes a workspace of the configuration, two stores of which the first is right, or one store, whose objects are held against their own digests.',
    'Without options lists, records and the providers’ digests are compared, which costs no request an object once it has been done.',
    'With --deep every byte is read. Exit code 1: something is wrong.',
  ].join(' '),
  options: [
    { flags: '--deep', summary: 'read the bytes of every copy' },
    {
      flags: '--cheapest',
      summary: 'with --deep, read of each object the copy that is cheapest to read',
    },
    {
      flags: '--coverage <time>',
      summary: 'with --deep, read today’s share of all bytes once in so long, such as 30d',
    },
    { flags: '--budget <usd>', summary: 'with --deep, what this sweep may spend on reading' },
    {
      flags: '--plan',
      summary:
        'with --deep, only say what reading takes, and whether time and budget can both hold',
    },
    { flags: '--since <date>', summary: 'only objects that were written since' },
    { flags: '--prefix <prefix>', summary: 'only keys that begin so' },
    {
      flags: '--repair',
      summary: 'mend what a proven copy can mend; what was there is kept aside',
    },
    { flags: '--repair-primary', summary: 'with --repair, mend the primary too' },
    { flags: '--settle <time>', summary: 'give what was written so recently time for its copies' },
    {
      flags: '--records <store>',
      summary: 'where to keep the records of stores by URI (the last that can)',
    },
    { flags: '--save <file>', summary: 'keep the signed report' },
    { flags: '--html <file>', summary: 'write the report as a page for people' },
    {
      flags: '--report <file>',
      summary: 'check such a report instead, without a store or a configuration',
    },
    { flags: '--key <key>', summary: 'with --report, the public key that it must be signed with' },
    ENDPOINT,
  ],
  examples: [
    ['skein verify app', 'lists and records alone'],
    [
      'skein verify app --deep --coverage 30d --budget 2',
      'every byte once in thirty days, two dollars a day',
    ],
    [
      "skein verify 's3://photos?region=eu-west-1' 'b2://photos?region=eu-central-003' --deep",
      'two buckets',
    ],
    ['skein verify app --deep --html sweep.html', 'a page of what was found'],
    ['skein verify --report sweep.json --key 5Kp…', 'has anybody changed it'],
  ],
  async run(context, named, options) {
    const file = options.text('report')
    const html = options.text('html')
    if (file !== undefined) {
      return checkReportFile(context, { path: file, key: options.text('key'), html })
    }
    const endpoint = options.text('endpoint')
    const { id, view, signed } = await (endpoint === undefined
      ? sweep(context, named, options)
      : sweepThere(context, named, options, endpoint))
    if (options.flag('plan') && view.state === 'done') return tellPlan(context, view)
    if (!signed) {
      context.out.answer(view, () => `The sweep ${id} is ${view.state}: ${view.why ?? ''}`)
      return context.failed()
    }
    const path = options.text('save')
    if (path !== undefined) await writeFile(path, `${JSON.stringify(signed, null, 2)}\n`)
    if (html !== undefined) await writeFile(html, sweepHtml(signed))
    context.out.answer(signed, () => reportPage(signed.report))
    if (signed.report.state !== 'healthy' || view.state === 'paused') context.failed()
  },
}

interface Planned {
  plan: { says: string; holds: boolean; objects: number; bytes: number }
}

function tellPlan(context: Context, { result }: Swept['view']): void {
  const { plan } = result as Planned
  context.out.answer(
    plan,
    () => `${formatCount(plan.objects)} objects, ${formatBytes(plan.bytes)}. ${plan.says}`,
  )
  if (!plan.holds) context.failed()
}
