// Making a Google Cloud Storage bucket fit, by patches of its resource. A patch carries the metageneration of
// the reading right before it, so a change of somebody else's in between is refused by Google, never lost.
// https://cloud.google.com/storage/docs/json_api/v1/buckets

import { planCors } from '../../cors-rule.ts'
import { planLifecycle } from '../../lifecycle-rule.ts'
import type { SetupDriver } from '../../setup.ts'
import type { Ask, Document, SetupStep } from '../../setup-step.ts'
import { byCommand, changeStep, compareLines, fit, refused, shellLine } from '../../setup-step.ts'
import type { GcsSettings } from './settings.ts'
import type { BucketResource, BucketSettings } from './setup-bucket.ts'
import { openBucketSettings } from './setup-bucket.ts'
import { CORS_HEADERS, corsBook } from './setup-cors.ts'
import { lifecycleBook } from './setup-lifecycle.ts'
import { planNotifications } from './setup-notifications.ts'
import { createTransport } from './transport.ts'

export function createGcsSetup(settings: GcsSettings, ask: Ask): SetupDriver {
  const transport = createTransport(settings)
  const bucket = openBucketSettings(transport, ask)
  return {
    printsTheRest: false,
    place: settings.prefix,
    cors: (names, wish) => {
      const rule = { ...wish, headers: CORS_HEADERS, exposed: CORS_HEADERS }
      return planCors(corsBook(bucket), names, rule)
    },
    encryption: (wanted) => planEncryption(bucket, wanted),
    versioning: (wanted) => planVersioning(bucket, wanted),
    lifecycle: (names, rules) => planLifecycle(lifecycleBook(bucket), names, rules),
    notifications: (names, target) => planNotifications(transport, ask, names, target),
    close: () => undefined,
  }
}

async function planVersioning(bucket: BucketSettings, wanted: boolean): Promise<SetupStep> {
  const document: Document<boolean, BucketResource> = {
    store: bucket.store,
    async read() {
      const tag = await bucket.read()
      return { value: tag.versioning?.enabled ?? false, tag }
    },
    write: (enabled, { tag }) => bucket.patch(tag, { versioning: { enabled } }),
  }
  const { value } = await document.read()
  if (value === wanted) return fit('versioning')
  if (wanted) {
    const difference = compareLines([`enabled: ${value}`], ['enabled: true'])
    return changeStep('versioning', document, value, true, difference)
  }
  const command = [
    'gcloud',
    'storage',
    'buckets',
    'update',
    `gs://${bucket.name}`,
    '--no-versioning',
  ]
  return byCommand(
    'versioning',
    [shellLine(...command)],
    'versioning is on, and Skein never switches off what protects objects',
  )
}

/** Google encrypts everything with keys of its own unless a bucket names one. */
async function planEncryption(
  bucket: BucketSettings,
  wanted: 'provider' | { kmsKey: string },
): Promise<SetupStep> {
  const document: Document<string | undefined, BucketResource> = {
    store: bucket.store,
    async read() {
      const tag = await bucket.read()
      return { value: tag.encryption?.defaultKmsKeyName, tag }
    },
    write: (defaultKmsKeyName, { tag }) => bucket.patch(tag, { encryption: { defaultKmsKeyName } }),
  }
  const { value: present } = await document.read()
  if (wanted === 'provider') {
    return present === undefined ? fit('encryption') : keepKey(bucket.store, present)
  }
  if (present === wanted.kmsKey) return fit('encryption')
  const line = (key: string) => `default key: ${key}`
  const difference = compareLines(present ? [line(present)] : [], [line(wanted.kmsKey)])
  return changeStep('encryption', document, present, wanted.kmsKey, difference)
}

function keepKey(store: string, key: string): SetupStep {
  return refused(
    'encryption',
    `${store} encrypts with the key ${key}, which Skein does not take away; name it as the setup's kmsKey, or change the bucket by hand.`,
  )
}
