// Advice carried out by lifecycle rules where those cost less: shown first, written beside the owner's, noted before
// they are written, undone as they were written, and left where a bucket does not allow them. The other copies of
// the same recommendation are changed object by object.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { rulesStep } from '#shared/cost/apply/rules.ts'
import type { ApplyPlan, PlannedRule } from '#shared/cost/apply/plan.ts'
import { costRules } from '#shared/cost/rules.ts'
import type { Store } from '#shared/storage/store.ts'
import { newSkein } from '../cli/skein.ts'
import { gcsStore, s3Store } from '../copy/stores.ts'
import { createHarness } from '../suites/storage/harness.ts'
import type { Applying } from './applying.ts'
import { openApplying } from './applying.ts'
import type { RuleBucket } from './rule-buckets.ts'
import { gcsBucket, s3Bucket } from './rule-buckets.ts'

const servers = inject('servers')
const DAY = 86_400_000
const TIMEOUT = 60_000
const KEYS = ['a/1', 'a/2']
const later = () => Date.now() + 400 * DAY

interface Case {
  bucket: () => Promise<RuleBucket>
  replica: () => ReturnType<typeof s3Store>
  leaves: string
  enters: string
  /** What the replica's copies come to be in. */
  beside: string
}

const CASES: [string, Case][] = [
  [
    'Google, beside S3',
    {
      ...{ bucket: gcsBucket, replica: () => s3Store(servers) },
      ...{ leaves: 'NEARLINE', enters: 'ARCHIVE', beside: 'GLACIER_IR' },
    },
  ],
  [
    'S3, beside Google',
    {
      ...{ bucket: s3Bucket, replica: () => gcsStore(servers) },
      ...{ leaves: 'STANDARD_IA', enters: 'GLACIER_IR', beside: 'ARCHIVE' },
    },
  ],
]

async function filled(
  bucket: RuleBucket,
  { replica, leaves }: Case,
  rules = costRules(),
): Promise<Applying> {
  const applying = await openApplying([bucket.description, await replica()], rules, later)
  for (const key of KEYS) {
    await applying.primary.put(key, `${key} `.repeat(1_000_000), { storageClass: leaves })
    await applying.replicate(key)
  }
  return applying
}

async function advised(applying: Applying): Promise<string> {
  const view = await applying.run('cost-advise', { constraints: { atOnce: 'all' }, months: 60 })
  expect([view.state, view.why]).toEqual(['done', undefined])
  return view.id
}

async function classesAt(store: Store): Promise<unknown[]> {
  return Promise.all(KEYS.map(async (key) => (await store.head(key)).storageClass))
}

test.each(CASES)('%s: shown, written, undone', { timeout: TIMEOUT }, async (_, one) => {
  const bucket = await one.bucket()
  await bucket.addOwn()
  const own = await bucket.rules()
  const applying = await filled(bucket, one)
  const advice = await advised(applying)

  const dry = await applying.run('cost-apply', { advice })
  expect([dry.state, dry.why]).toEqual(['ready', expect.stringContaining('by lifecycle rules')])
  const plan = (await applying.engine.report(dry.id)) as ApplyPlan
  expect(plan.rules).toMatchObject([
    { store: 'main', prefix: 'a/', leaves: one.leaves, storageClass: one.enters, objects: 2 },
  ])
  expect(plan.differences).toMatchObject([{ store: 'main', removed: [] }])
  expect(plan.differences[0]!.added.join('\n')).toContain(one.enters)
  expect(await bucket.rules()).toEqual(own)

  const done = await applying.command(dry.id, 'apply')
  expect([done.state, done.tally]).toMatchObject(['ready', { rules: 1, changed: KEYS.length }])
  const written = await bucket.rules()
  expect(written).toHaveLength(2)
  expect(written).toEqual(expect.arrayContaining(own))
  const ours = written.find(({ name }) => name !== 'mine')
  expect(ours!.name).toMatch(/^skein-[0-9a-f]{8}-cost-[0-9a-f]{8}$/)
  expect(ours!.says).toContain(`${applying.primary.prefix}a/`)
  // The rule is the provider's to carry out; the replica's copies were changed here.
  expect(await classesAt(applying.primary)).toEqual(KEYS.map(() => one.leaves))
  expect(await classesAt(applying.replica)).toEqual(KEYS.map(() => one.beside))

  const again = await applying.run('cost-apply', { advice })
  expect(JSON.stringify(await applying.engine.report(again.id))).toContain('does it already')

  const undone = await applying.command(dry.id, 'rollback')
  expect([undone.state, undone.tally]).toMatchObject(['done', { 'rules-removed': 1 }])
  expect(await bucket.isOwners()).toBe(true)
})

test(
  'where an owner’s rule is in the way it is named, and copies can be asked for',
  {
    timeout: TIMEOUT,
  },
  async () => {
    const [, one] = CASES[1]!
    const bucket = await one.bucket()
    const applying = await filled(bucket, one)
    await bucket.addOwn(`${applying.primary.prefix}a/`)
    const advice = await advised(applying)
    const dry = await applying.run('cost-apply', { advice })
    const plan = (await applying.engine.report(dry.id)) as ApplyPlan
    expect([plan.rules, plan.differences]).toEqual([[], []])
    expect(plan.left[0]!.why).toMatch(/would cost less, and cannot be written: .*"mine".* copies/)

    const copied = await applying.run('cost-apply', { advice, copies: true, dryRun: false })
    expect(copied.tally).toMatchObject({ changed: KEYS.length })
    expect(await classesAt(applying.primary)).toEqual(KEYS.map(() => one.enters))
    expect(await bucket.isOwners()).toBe(true)
  },
)

test('a policy writes rules only where it says so', { timeout: TIMEOUT }, async () => {
  const [, one] = CASES[0]!
  const bucket = await one.bucket()
  const policy = { maxOnceUsd: 10, minSavingUsd: 0, maxPayBackMonths: 1000 }
  const cost = (rules: boolean) => costRules({ apply: { ...policy, rules } })
  const careful = await filled(bucket, one, cost(false))
  const refused = await careful.run('cost-apply', {
    ...{ advice: await advised(careful), byPolicy: true, dryRun: false },
  })
  expect([refused.state, await bucket.rules()]).toEqual(['done', []])

  const other = await one.bucket()
  const bold = await filled(other, one, cost(true))
  const done = await bold.run('cost-apply', {
    ...{ advice: await advised(bold), byPolicy: true, dryRun: false },
  })
  expect(done.tally).toMatchObject({ rules: 1 })
  expect(await other.rules()).toHaveLength(1)
})

test(
  'the command line shows the rule, writes it, and takes it away',
  {
    timeout: TIMEOUT,
  },
  async () => {
    const bucket = await gcsBucket()
    const { uri, options } = bucket.description
    const store = createHarness(bucket.description, { fetch }).open()
    for (const key of KEYS)
      await store.put(key, `${key} `.repeat(1_000_000), { storageClass: 'NEARLINE' })
    const skein = await newSkein()
    const { credentialsJson } = options!.credentials!
    const config = {
      stores: {
        main: { uri: uri.replace('{place}', store.prefix), credentialsJson },
        ledger: `file:${skein.folder}/ledger`,
      },
      ledger: 'ledger',
      workspaces: { app: { primary: 'main' } },
    }
    await writeFile(join(skein.folder, 'skein.yaml'), JSON.stringify(config))
    const advice = await skein('cost', 'advise', 'app', '--months', '60', '--json')
    expect([advice.code, advice.err]).toEqual([0, ''])
    const { job } = JSON.parse(advice.out) as { job: string }

    const dry = await skein('cost', 'apply', 'app', job)
    expect(dry.out).toMatch(/a\/ +main: NEARLINE → ARCHIVE, by a rule +2 +< 0\.01/)
    expect(dry.out).toMatch(
      /main, lifecycle rules:\n +\+ skein-[0-9a-f]{8}-cost-[0-9a-f]{8} action/,
    )
    expect([dry.code, await bucket.rules()]).toEqual([0, []])

    const done = await skein('cost', 'apply', 'app', job, '--yes')
    expect([done.code, done.out]).toEqual([0, expect.stringContaining('rules 1')])
    expect(await bucket.rules()).toHaveLength(1)
    const [, undo] = /skein (cost apply app \S+ --undo)/.exec(done.out)!
    const undone = await skein(...undo!.split(' '))
    expect([undone.code, undone.out]).toEqual([0, expect.stringContaining('rules-removed 1')])
    expect(await bucket.rules()).toEqual([])
  },
)

const RULE: PlannedRule = {
  ...{ id: 'aaaaaaaa', store: 'main', of: 'x', prefix: 'a/', afterDays: 30, usd: 0, objects: 1 },
  ...{ leaves: 'STANDARD_IA', storageClass: 'GLACIER' },
}

/** One step of the part that writes or removes the rule, with what it noted. */
async function stepOf(store: Store, does: 'write' | 'remove', cursor?: string) {
  const noted: unknown[] = []
  const part = {
    ...{ cursor, signal: new AbortController().signal },
    note: (_list: string, item: unknown) => void noted.push(item),
  }
  const step = await rulesStep({ does, store: 'main', rules: [RULE] }, part, () => store)
  return { ...step, noted }
}

test('a rule is noted before it is written, and a step that is done twice writes once', async () => {
  const bucket = await s3Bucket()
  const store = createHarness(bucket.description, { fetch }).open()
  const first = await stepOf(store, 'write')
  expect([first.noted, await bucket.rules()]).toEqual([[RULE], []])
  // The process died behind the write: the step is done again.
  for (let time = 0; time < 2; time++) {
    const second = await stepOf(store, 'write', first.cursor)
    expect([second.noted, second.tally, second.cursor]).toEqual([[], { rules: 1 }, undefined])
    expect(await bucket.rules()).toHaveLength(1)
  }
  const removed = await stepOf(store, 'remove')
  expect([removed.tally, await bucket.rules()]).toEqual([{ 'rules-removed': 1 }, []])
  expect((await stepOf(store, 'remove')).tally).toEqual({})
})

test('a rule that its owner has changed since is his, and stays', async () => {
  const bucket = await s3Bucket()
  const store = createHarness(bucket.description, { fetch }).open()
  await stepOf(store, 'write', (await stepOf(store, 'write')).cursor)
  await bucket.editOurs()
  expect((await stepOf(store, 'remove')).tally).toEqual({ 'rules-left-changed': 1 })
  expect(await bucket.rules()).toHaveLength(1)
})
