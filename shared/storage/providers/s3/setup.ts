// Making an S3 bucket fit, through the wire's own bucket configurations. Each is read, and written whole with
// everything of the user's in it as it was; rules are told apart by their IDs. S3 has no condition on these
// writes, so each reads once more right before.

import type { GetBucketEncryptionCommandOutput } from '@aws-sdk/client-s3'
import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import { planCors } from '../../cors-rule.ts'
import { planLifecycle } from '../../lifecycle-rule.ts'
import type { SetupDriver } from '../../setup.ts'
import type { Ask, Document, SetupStep } from '../../setup-step.ts'
import { byCommand, changeStep, compareLines, fit, refused, shellLine } from '../../setup-step.ts'
import type { S3Settings } from './settings.ts'
import { ASKED_HEADERS, EXPOSED_HEADERS, corsBook } from './setup-cors.ts'
import { lifecycleBook } from './setup-lifecycle.ts'
import type { Configurations } from './setup-configuration.ts'
import { openConfigurations } from './setup-configuration.ts'
import { planNotifications } from './setup-notifications.ts'

export function createS3Setup(settings: S3Settings, prefix: string, ask: Ask): SetupDriver {
  const bucket = openConfigurations(settings, ask)
  return {
    printsTheRest: false,
    place: prefix,
    cors: (names, wish) => {
      const rule = { ...wish, headers: ASKED_HEADERS, exposed: EXPOSED_HEADERS }
      return planCors(corsBook(bucket), names, rule)
    },
    encryption: (wanted) => planEncryption(bucket, wanted),
    versioning: (wanted) => planVersioning(bucket, wanted),
    lifecycle: (names, rules) => planLifecycle(lifecycleBook(settings, ask), names, rules),
    notifications: (names, target) => planNotifications(bucket, names, target),
    close: bucket.close,
  }
}

async function planVersioning(bucket: Configurations, wanted: boolean): Promise<SetupStep> {
  const { Bucket, settings, send } = bucket
  const document: Document<string, undefined> = {
    store: settings.name,
    async read() {
      const answer = await send('GetBucketVersioning', (s3, call) =>
        s3.send(new GetBucketVersioningCommand({ Bucket }), call),
      )
      return { value: answer?.Status ?? 'Off', tag: undefined }
    },
    async write() {
      const VersioningConfiguration = { Status: 'Enabled' as const }
      await send('PutBucketVersioning', (s3, call) =>
        s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }), call),
      )
    },
  }
  const { value } = await document.read()
  if ((value === 'Enabled') === wanted) return fit('versioning')
  if (wanted) {
    const difference = compareLines([`Status: ${value}`], ['Status: Enabled'])
    return changeStep('versioning', document, value, 'Enabled', difference)
  }
  return byCommand(
    'versioning',
    [suspendCommand(settings)],
    'versioning is on, and Skein never switches off what protects objects',
  )
}

function suspendCommand({ bucket, endpoint, region }: S3Settings): string {
  return shellLine(
    ...['aws', 's3api', 'put-bucket-versioning', '--bucket', bucket],
    ...['--versioning-configuration', 'Status=Suspended'],
    ...['--endpoint-url', endpoint, '--region', region],
  )
}

type EncryptionRules = NonNullable<
  GetBucketEncryptionCommandOutput['ServerSideEncryptionConfiguration']
>['Rules']

async function planEncryption(
  bucket: Configurations,
  wanted: 'provider' | { kmsKey: string },
): Promise<SetupStep> {
  const document = encryptionDocument(bucket)
  const { value } = await document.read()
  const present = value?.[0]?.ApplyServerSideEncryptionByDefault
  const { SSEAlgorithm: algorithm, KMSMasterKeyID: key } = present ?? {}
  if (wanted === 'provider') {
    if (key !== undefined && !isManaged(key)) return keepKey(bucket.settings.name, key)
    if (algorithm !== undefined) return fit('encryption')
  } else if (algorithm?.startsWith('aws:kms') && isKey(key, wanted.kmsKey)) {
    return fit('encryption')
  }
  const next =
    wanted === 'provider'
      ? { SSEAlgorithm: 'AES256' as const }
      : { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: wanted.kmsKey }
  // A bucket key spares nearly all requests to KMS; without one every object costs one.
  const bucketKey = wanted === 'provider' ? {} : { BucketKeyEnabled: true }
  const rule = { ...value?.[0], ...bucketKey, ApplyServerSideEncryptionByDefault: next }
  const difference = compareLines(present ? [`default: ${JSON.stringify(present)}`] : [], [
    `default: ${JSON.stringify(next)}`,
  ])
  return changeStep('encryption', document, value, [rule], difference)
}

/** Amazon's own key, which nobody has to look after. */
function isManaged(key: string): boolean {
  return key.endsWith('alias/aws/s3')
}

/** A key's id is the end of its ARN. */
function isKey(present: string | undefined, wanted: string): boolean {
  return present === wanted || (present?.endsWith(`/${wanted}`) ?? false)
}

function keepKey(store: string, key: string): SetupStep {
  return refused(
    'encryption',
    `${store} encrypts with the key ${key}, which Skein does not take away; name it as the setup's kmsKey, or change the bucket by hand.`,
  )
}

function encryptionDocument(bucket: Configurations): Document<EncryptionRules, undefined> {
  const { Bucket, settings, send } = bucket
  return {
    store: settings.name,
    async read() {
      const answer = await send('GetBucketEncryption', (s3, call) =>
        s3.send(new GetBucketEncryptionCommand({ Bucket }), call),
      )
      return { value: answer?.ServerSideEncryptionConfiguration?.Rules, tag: undefined }
    },
    async write(Rules) {
      const ServerSideEncryptionConfiguration = { Rules }
      await send('PutBucketEncryption', (s3, call) =>
        s3.send(
          new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }),
          call,
        ),
      )
    },
  }
}
