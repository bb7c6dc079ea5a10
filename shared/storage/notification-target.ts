// Where a provider shall tell of changes: which kinds of place each knows, and what the place must look like.

import type { ProviderRow } from './compatibility.ts'
import type { Setup } from './schema.ts'

export interface NotificationTarget {
  kind: keyof NonNullable<Setup['notifications']>
  /** As the provider calls it; empty for EventBridge, of which there is one. */
  place: string
}

type Kind = NotificationTarget['kind']

/** A provider that is not here tells nobody anything. */
const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  s3: ['queue', 'topic', 'eventBridge'],
  's3-compatible': ['queue', 'topic'],
  minio: ['queue'],
  ceph: ['topic'],
  wasabi: ['topic'],
  gcs: ['topic'],
  azure: ['queue', 'url'],
  r2: ['queue'],
  b2: ['url'],
}

const FORMS: Readonly<Record<string, { form: RegExp; says: string }>> = {
  s3: { form: /^arn:[\w-]+:(sqs|sns):/, says: 'an ARN of SQS or of SNS' },
  's3-compatible': { form: /^arn:/, says: 'an ARN' },
  minio: { form: /^arn:minio:sqs:/, says: 'an ARN such as arn:minio:sqs::skein:webhook' },
  ceph: { form: /^arn:[\w-]+:sns:/, says: 'an ARN of a topic' },
  wasabi: { form: /^arn:[\w-]+:sns:/, says: 'an ARN of SNS' },
  gcs: { form: /^projects\/[^/]+\/topics\/[^/]+$/, says: 'projects/PROJECT/topics/TOPIC' },
}

export function targetOf(wanted: NonNullable<Setup['notifications']>): NotificationTarget {
  const { queue, topic, url } = wanted
  if (queue !== undefined) return { kind: 'queue', place: queue }
  if (topic !== undefined) return { kind: 'topic', place: topic }
  return url === undefined ? { kind: 'eventBridge', place: '' } : { kind: 'url', place: url }
}

/** Why the provider cannot tell there; undefined when it can. */
export function targetProblem(
  store: string,
  row: ProviderRow,
  { kind, place }: NotificationTarget,
): string | undefined {
  const kinds = KINDS[row.id]
  if (kinds === undefined)
    return `${row.title} tells nobody of its changes; let ${store} be scanned.`
  if (!kinds.includes(kind)) {
    return `${row.title} tells no ${kind} of its changes; name its ${kinds.join(' or ')}.`
  }
  const right = FORMS[row.id]
  if (kind === 'eventBridge' || right === undefined || right.form.test(place)) return undefined
  return `The ${kind} that ${store} shall tell is not one of ${row.title}'s; write ${right.says}.`
}
