// The lifecycle rules of a Google bucket. They have no names, so a label of the bucket holds the name of each
// of ours beside a digest of what it says, and is written in the same patch. A rule that no longer is what its
// label says was changed by somebody and is theirs. https://cloud.google.com/storage/docs/lifecycle

import { createHash } from 'node:crypto'
import type { Claim, LifecycleAction, LifecycleBook, LifecycleRule } from '../../lifecycle-rule.ts'
import type { Named } from '../../setup-step.ts'
import type { BucketResource, BucketSettings, GcsLifecycleRule } from './setup-bucket.ts'

const LABEL = /^skein-(?:[0-9a-f]{8}-)?(?:abort-multipart|noncurrent|expire-|transition-|cost-)/

export function lifecycleBook(
  bucket: BucketSettings,
): LifecycleBook<GcsLifecycleRule, BucketResource> {
  return {
    store: bucket.store,
    async read() {
      const tag = await bucket.read()
      return { value: nameRules(tag), tag }
    },
    write: (next, { tag }) =>
      bucket.patch(tag, {
        lifecycle: next.length === 0 ? null : { rule: next.map(({ rule }) => rule) },
        labels: changedLabels(tag, next),
      }),
    encode,
    // Google gives a rule back in an order of its own.
    describe: ({ action, condition }) => ({ action: sorted(action), condition: sorted(condition) }),
    claims,
  }
}

function labelsOf({ labels = {} }: BucketResource): [name: string, digest: string][] {
  return Object.entries(labels).filter(([name]) => LABEL.test(name))
}

function nameRules(resource: BucketResource): Named<GcsLifecycleRule>[] {
  const names = new Map(labelsOf(resource).map(([name, digest]) => [digest, name]))
  return (resource.lifecycle?.rule ?? []).map((rule) => {
    const digest = digestOf(rule)
    const name = names.get(digest)
    // Of two rules that say the same, one is somebody else's.
    names.delete(digest)
    return { name, rule }
  })
}

/** Labels without a rule go with the next change. */
function changedLabels(
  resource: BucketResource,
  next: readonly Named<GcsLifecycleRule>[],
): Record<string, string | null> {
  const gone = labelsOf(resource).map(([name]) => [name, null] as const)
  const here = next.flatMap(({ name, rule }) =>
    name === undefined ? [] : [[name, digestOf(rule)] as const],
  )
  return Object.fromEntries([...gone, ...here])
}

/** Of what the rule says, whatever the order in which it says it. */
function digestOf(rule: GcsLifecycleRule): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(rule)))
    .digest('hex')
    .slice(0, 32)
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]))
}

/** `isLive` keeps a rule off old versions, which have one of their own. */
function encode(rule: LifecycleRule): GcsLifecycleRule {
  const { action, prefix, afterDays, storageClass, leaves } = rule
  const under = prefix === '' ? {} : { matchesPrefix: [prefix] }
  const live = { age: afterDays, isLive: true, ...under }
  const rules: Record<LifecycleAction, GcsLifecycleRule> = {
    'abort-multipart': {
      action: { type: 'AbortIncompleteMultipartUpload' },
      condition: { age: afterDays, ...under },
    },
    noncurrent: {
      action: { type: 'Delete' },
      condition: { daysSinceNoncurrentTime: afterDays, ...under },
    },
    expire: { action: { type: 'Delete' }, condition: live },
    transition: {
      action: { type: 'SetStorageClass', ...(storageClass && { storageClass }) },
      condition: { ...live, ...(leaves !== undefined && { matchesStorageClass: [leaves] }) },
    },
  }
  return rules[action]
}

const OLD_VERSIONS = ['daysSinceNoncurrentTime', 'noncurrentTimeBefore', 'numNewerVersions']

function claims(rule: GcsLifecycleRule): Claim[] {
  const { type, storageClass } = rule.action
  const { age, isLive, daysSinceNoncurrentTime, matchesPrefix = [''], ...more } = rule.condition
  const noncurrent = isLive === false || OLD_VERSIONS.some((name) => name in rule.condition)
  const base = { prefixes: matchesPrefix, plain: Object.keys(more).length === 0 }
  switch (type) {
    case 'AbortIncompleteMultipartUpload':
      return [{ ...base, action: 'abort-multipart', afterDays: age }]
    case 'SetStorageClass':
      return noncurrent ? [] : [{ ...base, action: 'transition', afterDays: age, storageClass }]
    case 'Delete': {
      const old: Claim = { ...base, action: 'noncurrent', afterDays: daysSinceNoncurrentTime }
      if (noncurrent) return [{ ...old, plain: base.plain && age === undefined }]
      const live: Claim = { ...base, action: 'expire', afterDays: age }
      return isLive ? [live] : [live, { ...old, plain: false }]
    }
    default:
      return []
  }
}
