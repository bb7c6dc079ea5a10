// The lifecycle rules of an S3 bucket. The user's own go back as they came, whichever form of filter they
// have, and so does the bucket's least size for transitions, which a write without it would set anew.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html

import type {
  LifecycleRule as S3Rule,
  TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3'
import {
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
} from '@aws-sdk/client-s3'
import type { Claim, LifecycleAction, LifecycleBook, LifecycleRule } from '../../lifecycle-rule.ts'
import type { Configurations } from './setup-configuration.ts'

type LeastSize = TransitionDefaultMinimumObjectSize | undefined

export function lifecycleBook({
  Bucket,
  settings,
  send,
}: Configurations): LifecycleBook<S3Rule, LeastSize> {
  return {
    store: settings.name,
    async read() {
      const answer = await send('GetBucketLifecycleConfiguration', (s3, call) =>
        s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }), call),
      )
      const value = (answer?.Rules ?? []).map((rule) => ({ name: rule.ID, rule }))
      return { value, tag: answer?.TransitionDefaultMinimumObjectSize }
    },
    async write(next, { tag }) {
      const Rules = next.map(({ rule }) => rule)
      const input = {
        Bucket,
        LifecycleConfiguration: { Rules },
        TransitionDefaultMinimumObjectSize: tag,
      }
      await send('PutBucketLifecycleConfiguration', (s3, call) =>
        Rules.length === 0
          ? s3.send(new DeleteBucketLifecycleCommand({ Bucket }), call)
          : s3.send(new PutBucketLifecycleConfigurationCommand(input), call),
      )
    },
    encode,
    describe,
    claims,
  }
}

function encode({ name, action, prefix, afterDays: Days, storageClass }: LifecycleRule): S3Rule {
  const actions: Record<LifecycleAction, Partial<S3Rule>> = {
    'abort-multipart': { AbortIncompleteMultipartUpload: { DaysAfterInitiation: Days } },
    noncurrent: { NoncurrentVersionExpiration: { NoncurrentDays: Days } },
    expire: { Expiration: { Days } },
    transition: { Transitions: [{ Days, StorageClass: storageClass as Class }] },
  }
  return { ID: name, Status: 'Enabled', Filter: { Prefix: prefix }, ...actions[action] }
}

type Class = NonNullable<NonNullable<S3Rule['Transitions']>[number]['StorageClass']>

/** Some write the prefix where it stood before there were filters, and leave an empty one out. */
function describe({ Status, Prefix, Filter, ...rule }: S3Rule): Record<string, unknown> {
  return {
    Status,
    Prefix: JSON.stringify(prefixOf({ Prefix, Filter })),
    Filter: conditionsOf({ Filter }).length > 0 ? Filter : undefined,
    ...rule,
    ID: undefined,
  }
}

type Scope = Pick<S3Rule, 'Prefix' | 'Filter'>

function prefixOf({ Prefix, Filter }: Scope): string {
  return Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? ''
}

/** What the rule asks of an object besides its prefix. */
function conditionsOf({ Filter }: Pick<Scope, 'Filter'>): unknown[] {
  const { Prefix: _, And, ...alone } = Filter ?? {}
  const { Prefix: __, ...together } = And ?? {}
  return [...Object.values(alone), ...Object.values(together)].filter((one) => one !== undefined)
}

function claims(rule: S3Rule): Claim[] {
  if (rule.Status !== 'Enabled') return []
  const { Expiration, Transitions, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } =
    rule
  const plain = conditionsOf(rule).length === 0
  const base = { prefixes: [prefixOf(rule)], plain }
  const found: Claim[] = (Transitions ?? []).map((one) => ({
    ...base,
    action: 'transition' as const,
    afterDays: one.Days,
    storageClass: one.StorageClass,
  }))
  if (Expiration?.Days !== undefined || Expiration?.Date !== undefined) {
    found.push({ ...base, action: 'expire', afterDays: Expiration.Days })
  }
  if (NoncurrentVersionExpiration) {
    const { NoncurrentDays: afterDays, NewerNoncurrentVersions } = NoncurrentVersionExpiration
    const all = plain && NewerNoncurrentVersions === undefined
    found.push({ ...base, action: 'noncurrent', afterDays, plain: all })
  }
  if (AbortIncompleteMultipartUpload) {
    const { DaysAfterInitiation: afterDays } = AbortIncompleteMultipartUpload
    found.push({ ...base, action: 'abort-multipart', afterDays })
  }
  return found
}
