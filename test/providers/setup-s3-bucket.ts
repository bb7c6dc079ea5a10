// An S3 bucket to set up, with its owner's client beside it, and what the tests ask for or the owner has.

import type { CORSRule, LifecycleRule } from '@aws-sdk/client-s3'
import {
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { inject, onTestFinished } from 'vitest'
import type { Setup } from '#shared/storage/schema.ts'
import type { S3Variant } from '../harness/descriptions.ts'
import { describeS3 } from '../harness/descriptions.ts'
import type { Described } from './setup-bucket.ts'
import { ORIGIN } from './setup-bucket.ts'

const { s3: server } = inject('servers')

export interface Owner {
  cors(): Promise<CORSRule[]>
  putCors(rules: CORSRule[]): Promise<void>
  lifecycle(): Promise<LifecycleRule[]>
  putLifecycle(rules: LifecycleRule[]): Promise<void>
  client: S3Client
  Bucket: string
}

export function ownerOf(
  url: string,
  Bucket: string,
  credentials: { accessKeyId: string; secretAccessKey: string },
  region = 'us-east-1',
): Owner {
  const client = new S3Client({ endpoint: url, region, forcePathStyle: true, credentials })
  const orNone = async <T>(rules: Promise<T[] | undefined>): Promise<T[]> => {
    try {
      return (await rules) ?? []
    } catch (error) {
      if (error instanceof Error && /^NoSuch(CORS|Lifecycle)/.test(error.name)) return []
      throw error
    }
  }
  return {
    client,
    Bucket,
    cors: () =>
      orNone(client.send(new GetBucketCorsCommand({ Bucket })).then((one) => one.CORSRules)),
    putCors: async (CORSRules) => {
      const CORSConfiguration = { CORSRules }
      await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }))
    },
    lifecycle: () =>
      orNone(
        client
          .send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
          .then((one) => one.Rules),
      ),
    putLifecycle: async (Rules) => {
      const LifecycleConfiguration = { Rules }
      await client.send(
        new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }),
      )
    },
  }
}

export async function newBucket(
  variant: Partial<S3Variant> = {},
): Promise<Described & { owner: Owner; url: string }> {
  const { uri, options, control } = await describeS3(inject('servers'), { name: 's3', ...variant })
  const { region } = variant.parameters ?? {}
  const owner = ownerOf(server.url, control.bucket, server, region)
  onTestFinished(() => owner.client.destroy())
  const amazon = uri.includes('region=') ? uri : `${uri}&region=us-east-1`
  return { uri: amazon, options: options ?? {}, owner, url: `${server.url}/${control.bucket}` }
}

/** The whole of S3's capabilities, which an endpoint of one's own is not credited with. */
export async function amazonBucket() {
  const bucket = await newBucket()
  const setup = {
    versions: true,
    classes: ['STANDARD', 'STANDARD_IA', 'GLACIER'],
    setup: {
      cors: true,
      encryption: true,
      versioning: true,
      lifecycle: ['expire', 'transition', 'noncurrent', 'abort-multipart'] as const,
    },
  }
  return { ...bucket, options: { ...bucket.options, capabilities: setup } }
}

export const EVERYTHING: Setup = {
  cors: { origins: [ORIGIN], maxAge: '1h' },
  encryption: 'provider',
  versioning: true,
  lifecycle: {
    abortMultipartAfterDays: 7,
    expireNoncurrentAfterDays: 30,
    expire: [{ prefix: 'tmp/', afterDays: 1 }],
    transitions: [
      { afterDays: 30, storageClass: 'STANDARD_IA' },
      { prefix: 'old/', afterDays: 90, storageClass: 'GLACIER' },
    ],
  },
}

export const OWN_CORS: CORSRule[] = [
  { ID: 'site', AllowedOrigins: ['https://www.example.com'], AllowedMethods: ['GET'] },
  { AllowedOrigins: ['https://*.example.org'], AllowedMethods: ['PUT'], MaxAgeSeconds: 5 },
]

/** In every form that S3 knows, the one from before there were filters included. */
export const OWN_LIFECYCLE: LifecycleRule[] = [
  {
    ID: 'logs',
    Status: 'Enabled',
    Filter: { And: { Prefix: 'logs/', ObjectSizeGreaterThan: 1000 } },
    Expiration: { Days: 400 },
  },
  { ID: 'former', Status: 'Enabled', Prefix: 'former/', Expiration: { Days: 9 } },
  {
    ID: 'dated',
    Status: 'Enabled',
    Filter: { Prefix: 'dated/' },
    Expiration: { Date: new Date('2031-01-01T00:00:00Z') },
  },
  {
    ID: 'tagged',
    Status: 'Enabled',
    Filter: { Tag: { Key: 'a', Value: 'b c' } },
    Expiration: { Days: 8 },
  },
  {
    ID: 'off',
    Status: 'Disabled',
    Filter: { Prefix: '' },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  },
  { ID: 'markers', Status: 'Enabled', Filter: {}, Expiration: { ExpiredObjectDeleteMarker: true } },
]

export const notOurs = <R extends { ID?: string | undefined }>(rules: R[]): R[] =>
  rules.filter(({ ID }) => !ID?.startsWith('skein-'))
