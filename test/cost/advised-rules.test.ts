// Lifecycle rules of advice in the buckets themselves: beside their owners', shown and left by setup, written once,
// not over what somebody has changed meanwhile, taken away by name alone; refused where they cannot be.

import { describe, expect, inject, test } from 'vitest'
import type { AdvisedRule } from '#shared/storage/advised-rules.ts'
import { openAdvisedRules } from '#shared/storage/advised-rules.ts'
import type { Store } from '#shared/storage/store.ts'
import { azureStore } from '../copy/stores.ts'
import { describeRadosgw } from '../harness/descriptions.ts'
import { apply as setUp, plan as planSetup } from '../providers/setup-bucket.ts'
import { deniedCredential } from '../servers/s3/server.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import type { RuleBucket } from './rule-buckets.ts'
import { gcsBucket, s3Bucket, s3RulesOf } from './rule-buckets.ts'

const servers = inject('servers')

function open(description: StoreDescription): Store {
  return createHarness(description, { fetch }).open()
}

const COLD = { leaves: 'STANDARD_IA', storageClass: 'GLACIER' }
const ARCHIVED = { leaves: 'NEARLINE', storageClass: 'ARCHIVE' }

const CASES: [string, () => Promise<RuleBucket | string>, Omit<AdvisedRule, 'id' | 'prefix'>][] = [
  ['S3', s3Bucket, { ...COLD, afterDays: 30 }],
  ['Google', gcsBucket, { ...ARCHIVED, afterDays: 30 }],
  ['Ceph', cephBucket, { ...COLD, afterDays: 30 }],
]

async function cephBucket(): Promise<RuleBucket | string> {
  const { radosgw } = servers
  if ('missing' in radosgw) return radosgw.missing
  const description = await describeRadosgw(servers)
  if (typeof description === 'string') return description
  const bucket = new URL(description.uri.replace('ceph:', 'http:')).hostname
  // Which classes there are is its administrator's to say, so its row claims none, and no transitions.
  const capabilities = {
    classes: ['STANDARD', 'STANDARD_IA', 'GLACIER'],
    setup: { lifecycle: ['expire', 'transition', 'noncurrent', 'abort-multipart'] as const },
  }
  const options = { ...description.options, capabilities }
  return s3RulesOf({ ...description, options }, radosgw, bucket, 'default')
}

async function opened(
  make: () => Promise<RuleBucket | string>,
  skip: (why: string) => void,
): Promise<RuleBucket> {
  const bucket = await make()
  if (typeof bucket !== 'string') return bucket
  skip(bucket)
  throw new Error(bucket)
}

describe.each(CASES)('%s', (_, make, says) => {
  const [a, b]: [AdvisedRule, AdvisedRule] = [
    { id: 'aaaaaaaa', prefix: 'a/', ...says },
    { id: 'bbbbbbbb', prefix: 'a/deeper/', ...says },
  ]

  test('a rule is written once, and taken away alone', async ({ skip }) => {
    const bucket = await opened(make, skip)
    await bucket.addOwn()
    const own = await bucket.rules()
    const rules = await openAdvisedRules(open(bucket.description))
    const first = await rules.plan([a])
    expect(first.standing).toEqual([{ id: a.id, state: 'missing' }])
    expect(first.difference.removed).toEqual([])
    expect(first.difference.added.join('\n')).toContain(says.storageClass)
    expect(await bucket.rules()).toEqual(own)

    await first.apply()
    expect((await rules.plan([a])).standing).toEqual([{ id: a.id, state: 'there' }])
    // The same, by whatever name, is not written twice.
    expect((await rules.plan([{ ...a, id: 'cccccccc' }])).standing[0]!.state).toBe('there')
    await (await rules.plan([a, b])).apply()
    expect(await bucket.rules()).toHaveLength(3)
    expect(await bucket.rules()).toEqual(expect.arrayContaining(own))

    const removal = await rules.planRemoval([a, { ...b, id: 'dddddddd' }])
    expect([removal.removed, removal.changed]).toEqual([[a.id], []])
    await removal.apply()
    expect(await bucket.rules()).toHaveLength(2)
    await (await rules.planRemoval([a, b])).apply()
    expect(await bucket.isOwners()).toBe(true)
  })

  test('what somebody has changed meanwhile is neither written over nor removed', async ({
    skip,
  }) => {
    const bucket = await opened(make, skip)
    const rules = await openAdvisedRules(open(bucket.description))
    const planned = await rules.plan([a])
    await bucket.addOwn()
    await expect(planned.apply()).rejects.toMatchObject({ kind: 'precondition' })
    expect(await bucket.isOwners()).toBe(true)

    await (await rules.plan([a])).apply()
    await bucket.editOurs()
    const removal = await rules.planRemoval([a])
    expect(removal.removed).toEqual([])
    await removal.apply()
    expect(await bucket.rules()).toHaveLength(2)
  })

  test('an overlapping rule of its owner’s is named, and stands', async ({ skip }) => {
    const bucket = await opened(make, skip)
    const store = open(bucket.description)
    await bucket.addOwn(`${store.prefix}a/`)
    const rules = await openAdvisedRules(store)
    const planned = await rules.plan([b])
    expect(planned.standing[0]).toMatchObject({ state: 'refused' })
    expect(planned.standing[0]!.why).toMatch(
      /rule ("mine"|number 1) of .* overlaps with what moves/,
    )
    await planned.apply()
    expect(await bucket.isOwners()).toBe(true)
  })

  test('setup shows it and leaves it, also when all of its own rules go', async ({ skip }) => {
    const bucket = await opened(make, skip)
    // As setup sees the bucket: the same store, under the same prefix.
    const store = open(bucket.description)
    const { uri, options } = bucket.description
    const { classes, setup } = store.capabilities
    const capabilities = { ...options!.capabilities, classes, setup }
    const asSetup = {
      ...{ uri: uri.replace('{place}', store.prefix), options: { ...options!, capabilities } },
    }
    const rules = await openAdvisedRules(store)
    await (await rules.plan([a])).apply()
    const [shown] = await planSetup(asSetup, { lifecycle: {} })
    expect(shown).toMatchObject({ state: 'fit' })
    expect(shown!.reason).toMatch(/by advice, and left, rule "skein-[0-9a-f]{8}-cost-a{8}" moves/)
    const expire = [{ prefix: 'tmp/', afterDays: 3 }]
    await setUp(asSetup, { lifecycle: { expire } })
    expect(await bucket.rules()).toHaveLength(2)
    await setUp(asSetup, { lifecycle: {} })
    expect(await bucket.rules()).toHaveLength(1)
    expect((await rules.plan([a])).standing[0]!.state).toBe('there')

    const over = [{ prefix: 'a/', afterDays: 90, storageClass: says.storageClass }]
    const [refused] = await planSetup(asSetup, { lifecycle: { transitions: over } })
    expect(refused).toMatchObject({ state: 'refused' })
    expect(refused!.reason).toContain('undo the job of skein cost apply')
  })
})

const RULE: AdvisedRule = { id: 'aaaaaaaa', prefix: 'a/', afterDays: 30, ...COLD }

test('who may not see a bucket’s rules is told so', async () => {
  const { description } = await s3Bucket()
  const { accessKeyId, secretAccessKey } = deniedCredential
  const options = { ...description.options, credentials: { accessKeyId, secretAccessKey } }
  const rules = await openAdvisedRules(open({ ...description, options }))
  const planned = await rules.plan([RULE])
  expect(planned.standing[0]).toMatchObject({ state: 'refused' })
  expect(planned.standing[0]!.why).toContain('grant the credentials this permission')
})

test('a class that is not there is refused before anything is written', async () => {
  const bucket = await s3Bucket()
  const rules = await openAdvisedRules(open(bucket.description))
  const planned = await rules.plan([{ ...RULE, storageClass: 'NEARLINE' }])
  expect(planned.standing[0]).toMatchObject({ state: 'refused' })
  await planned.apply()
  expect(await bucket.rules()).toEqual([])
})

test('at Azure the policy is the account’s', async () => {
  const rules = await openAdvisedRules(open(await azureStore(servers)))
  const [one] = (await rules.plan([RULE])).standing
  expect(one).toMatchObject({ state: 'refused' })
  expect(one!.why).toContain('is the account')
  expect((await rules.planRemoval([RULE])).removed).toEqual([])
})
