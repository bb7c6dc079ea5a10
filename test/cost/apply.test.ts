// Advice applied on emulators: classes change, bytes, metadata and tags do not, replicas stay copies; a dry run
// changes nothing; what changed since is passed over; what was done is undone; and no more is spent than may be.

import { expect, inject, test } from 'vitest'
import type { AdviceReport } from '#shared/cost/report-job.ts'
import { costRules } from '#shared/cost/rules.ts'
import type { Store } from '#shared/storage/store.ts'
import { bytesAt } from '../copy/opened.ts'
import { azureStore, gcsStore, s3Store } from '../copy/stores.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import type { Applying } from './applying.ts'
import { openApplying } from './applying.ts'

const servers = inject('servers')
const DAY = 86_400_000
const TIMEOUT = 60_000
const KEYS = ['a/1', 'a/2', 'a/sub/3', 'b/4']

async function fill({ primary, replicate }: Applying, repeats = 40_000): Promise<void> {
  for (const key of KEYS) {
    await primary.put(key, `${key} `.repeat(repeats), {
      contentType: 'text/plain',
      metadata: { colour: 'blue' },
      ...(primary.capabilities.tags && { tags: { team: 'red' } }),
    })
    await replicate(key)
  }
}

async function advised(applying: Applying, constraints = {}, months = 12): Promise<{ id: string }> {
  const view = await applying.run('cost-advise', { constraints, months })
  expect([view.state, view.why]).toEqual(['done', undefined])
  return view
}

const CASES: [string, () => Promise<[StoreDescription, StoreDescription]>, string[]][] = [
  [
    'S3 and GCS',
    async () => [await s3Store(servers), await gcsStore(servers)],
    ['GLACIER_IR', 'COLDLINE'],
  ],
  [
    'GCS and Azure',
    async () => [await gcsStore(servers), await azureStore(servers)],
    ['COLDLINE', 'Cold'],
  ],
  [
    'Azure and S3',
    async () => [await azureStore(servers), await s3Store(servers)],
    ['Cold', 'GLACIER_IR'],
  ],
]

test.each(CASES)('%s: dry run, apply, undo', { timeout: TIMEOUT }, async (_, open, classes) => {
  const applying = await openApplying(await open(), costRules(), () => Date.now() + 400 * DAY)
  await fill(applying)
  const before = await Promise.all(KEYS.map((key) => bytesAt(applying.primary, key)))
  const { id: advice } = await advised(applying, { atOnce: 'all' })

  const dry = await applying.run('cost-apply', { advice })
  expect([dry.state, dry.why]).toEqual(['ready', expect.stringContaining('Ask for apply')])
  expect(await classesAt(applying)).toEqual(standardAt(applying))

  const done = await applying.command(dry.id, 'apply')
  expect(done.tally).toMatchObject({ changed: KEYS.length })
  expect(await classesAt(applying)).toEqual(KEYS.map(() => classes))
  for (const [at, key] of KEYS.entries()) {
    for (const store of [applying.primary, applying.replica]) {
      expect(await bytesAt(store, key)).toEqual(before[at])
      const { metadata, contentType } = await store.head(key)
      expect([metadata['colour'], contentType]).toEqual(['blue', 'text/plain'])
    }
    expect(await tagsAt(applying.primary, key)).toEqual({ team: 'red' })
    expect([key, await applying.isCopy(key)]).toEqual([key, true])
  }

  const undone = await applying.command(dry.id, 'rollback')
  expect([undone.state, undone.tally['undone']]).toEqual(['done', 2 * KEYS.length])
  expect(await classesAt(applying)).toEqual(standardAt(applying))
  for (const key of KEYS) expect(await applying.isCopy(key)).toBe(true)
})

/** As if they were there, where there are none. */
async function tagsAt(store: Store, key: string): Promise<Record<string, string>> {
  return store.capabilities.tags ? store.groups.tags.get(key) : { team: 'red' }
}

function classesAt({ primary, replica }: Applying) {
  return Promise.all(
    KEYS.map((key) =>
      Promise.all(
        [primary, replica].map(async (store) => {
          return (await store.head(key)).storageClass ?? store.capabilities.classes[0]
        }),
      ),
    ),
  )
}

function standardAt({ primary, replica }: Applying) {
  return KEYS.map(() => [primary, replica].map(({ capabilities }) => capabilities.classes[0]))
}

test('what changed since is passed over, and what is new stays', { timeout: TIMEOUT }, async () => {
  const stores = [await s3Store(servers), await gcsStore(servers)] as const
  const applying = await openApplying(stores, costRules(), () => Date.now() + 400 * DAY)
  await fill(applying)
  const { id: advice } = await advised(applying, { atOnce: 'all' })
  await applying.primary.groups.classes.set('a/1', 'STANDARD_IA')
  await applying.primary.put('a/new', 'small')
  const done = await applying.run('cost-apply', { advice, dryRun: false })
  expect(done.tally['changed']).toBe(KEYS.length - 1)
  expect((await applying.primary.head('a/1')).storageClass).toBe('STANDARD_IA')
  expect((await applying.primary.head('a/new')).storageClass ?? 'STANDARD').toBe('STANDARD')
})

test(
  'archives are left unless they are allowed, and no more is spent than may be',
  { timeout: TIMEOUT },
  async () => {
    const stores = [await gcsStore(servers), await s3Store(servers)] as const
    const applying = await openApplying(stores, costRules(), () => Date.now() + 400 * DAY)
    await fill(applying, 1_500_000)
    const { id: advice } = await advised(applying, {}, 60)
    const report = (await applying.engine.report(advice)) as AdviceReport
    const steps = report.advice.recommendations.flatMap((one) => one.steps.map(({ to }) => to))
    expect(new Set(steps)).toEqual(new Set(['ARCHIVE', 'DEEP_ARCHIVE']))
    const left = await applying.run('cost-apply', { advice })
    expect([left.state, JSON.stringify(left.result)]).toEqual([
      ...['done', expect.stringContaining('cannot simply be undone')],
    ])
    const none = await applying.run('cost-apply', { advice, irreversible: true, maxOnceUsd: 1e-9 })
    expect(JSON.stringify(none.result)).toContain('more at once than is allowed')
  },
)

test(
  'copies that are missing are made, proven, and pass for replicas',
  { timeout: TIMEOUT },
  async () => {
    const stores = [await s3Store(servers), await gcsStore(servers)] as const
    const applying = await openApplying(stores, costRules(), () => Date.now() + 400 * DAY)
    const { primary, replica } = applying
    for (const key of KEYS)
      await primary.put(key, `${key} `.repeat(1000), { metadata: { colour: 'blue' } })
    const { id: advice } = await advised(applying, { copies: 2, providers: 2, atOnce: 'all' })
    const done = await applying.run('cost-apply', { advice, dryRun: false })
    expect(done.tally['changed']).toBe(KEYS.length)
    for (const key of KEYS) {
      expect(await bytesAt(replica, key)).toEqual(await bytesAt(primary, key))
      expect((await replica.head(key)).metadata['colour']).toBe('blue')
      expect(await applying.isCopy(key)).toBe(true)
    }
  },
)

test('advice is applied to the workspace that it is of', { timeout: TIMEOUT }, async () => {
  const stores = [await s3Store(servers), await gcsStore(servers)] as const
  const applying = await openApplying(stores, costRules(), () => Date.now() + 400 * DAY)
  await fill(applying)
  const { id: advice } = await advised(applying)
  const other = await openApplying(stores, costRules(), Date.now, { ...applying, name: 'other' })
  await expect(other.run('cost-apply', { advice })).rejects.toThrow('has no advice to apply')
})

test('without one of the stores there is no advice', { timeout: TIMEOUT }, async () => {
  const gcs = await gcsStore(servers)
  const away = { ...gcs, uri: gcs.missingUri! }
  const applying = await openApplying([await s3Store(servers), away])
  await applying.primary.put('a/1', 'x')
  const { state, why } = await applying.run('cost-advise', {})
  expect([state, why]).toEqual(['paused', expect.stringContaining('second could not be listed')])
})

test('a budget that is exceeded is told of once a month', { timeout: TIMEOUT }, async () => {
  const stores = [await s3Store(servers), await gcsStore(servers)] as const
  const secrets = [`whsec_${'a'.repeat(43)}=`]
  const rules = costRules({
    budgets: [
      { name: 'small', forecastUsd: 1e-9 },
      { name: 'large', forecastUsd: 1e9 },
    ],
    webhooks: [{ url: 'https://hooks.example.com/cost', secrets }],
  })
  const applying = await openApplying(stores, rules)
  await fill(applying)
  for (let again = 0; again < 2; again++) {
    const view = await applying.run('cost-report', { compare: true })
    expect([view.state, view.why]).toEqual(['done', undefined])
  }
  expect(applying.sent).toHaveLength(1)
  expect(JSON.parse(String(applying.sent[0]!['body']))).toMatchObject({
    type: 'cost.budget-exceeded',
    data: { workspace: 'app', budget: 'small', what: 'forecast' },
  })
})

test(
  'by policy: what pays back and can be undone is applied, the rest is not',
  { timeout: TIMEOUT },
  async () => {
    const stores = [await s3Store(servers), await gcsStore(servers)] as const
    const apply = { maxOnceUsd: 10, minSavingUsd: 0, maxPayBackMonths: 1000 }
    const rules = costRules({ apply, constraints: { atOnce: 'all' } })
    const applying = await openApplying(stores, rules, () => Date.now() + 400 * DAY)
    await fill(applying)
    const { state } = await applying.run('cost-advise', { apply: 'by-policy' })
    expect(state).toBe('done')
    const [task] = applying.sent
    expect(task).toMatchObject({
      kind: 'cost',
      does: 'apply',
      input: { byPolicy: true, dryRun: false },
    })
    const done = await applying.run('cost-apply', task!['input'])
    expect(done.tally['changed']).toBe(KEYS.length)
  },
)
