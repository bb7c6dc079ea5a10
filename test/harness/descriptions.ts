// The stores that the conformance suite runs against, by server: each makes a bucket of its own there and
// describes it, look-alikes by the row that a user would pick and the dialect that plays its provider.

import { createServer } from 'node:net'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { StoreDescription } from '../suites/storage/harness.ts'
import type { Servers } from './servers.ts'

const WRONG_SECRET = 'WRONGSECRET00000000000000000000000000000'

/** A bucket name that no other file or run uses. */
export function freshBucket(): string {
  return `skein-${crypto.randomUUID().slice(0, 18)}`
}

/** A port of this machine where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** The same URI with an endpoint that nobody answers at. */
async function unreachable(uri: string, url: string): Promise<string> {
  const nobody = `http://127.0.0.1:${await closedPort()}`
  return uri.replace(encodeURIComponent(new URL(url).origin), encodeURIComponent(nobody))
}

async function control(url: string, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${url}/__control/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
}

export interface S3Variant {
  name: string
  /** The URI up to the bucket, such as `s3://`. */
  scheme?: string
  row?: string
  parameters?: Record<string, string>
  /** By the look-alike's name, or with fields of its own on top of it. */
  dialect?: string | { like: string; [field: string]: unknown }
  versioning?: 'Enabled'
  objectLock?: boolean
}

/** A bucket of the project's own S3 server, playing the provider of the dialect. */
export async function describeS3(
  { s3 }: Servers,
  variant: S3Variant,
): Promise<StoreDescription & { control: { url: string; bucket: string } }> {
  const bucket = freshBucket()
  const { name, scheme = 's3://', dialect = 'amazon', versioning, objectLock } = variant
  await control(s3.url, 'buckets', { name: bucket, dialect, versioning, objectLock })
  const parameters = { endpoint: s3.url, path_style: 'true', ...variant.parameters }
  const query = new URLSearchParams(parameters).toString()
  // Where there is no bucket there is no dialect either, and the server's own region answers.
  const missing = new URLSearchParams({ ...parameters, region: 'us-east-1' }).toString()
  const { accessKeyId, secretAccessKey } = s3
  const uri = `${scheme}${bucket}/{place}?${query}`
  return {
    name,
    ...(variant.row && { row: variant.row }),
    uri,
    unreachableUri: await unreachable(uri, s3.url),
    missingUri: `${scheme}${freshBucket()}/{place}?${missing}`,
    options: { credentials: { accessKeyId, secretAccessKey } },
    wrongCredentials: { accessKeyId, secretAccessKey: WRONG_SECRET },
    control: { url: s3.url, bucket },
  }
}

export async function describeGcs(
  { gcs }: Servers,
  { versioning = false, hmac = false } = {},
): Promise<StoreDescription> {
  const bucket = freshBucket()
  const resource = { objectRetention: { mode: 'Enabled' } }
  await control(gcs.url, 'buckets', { name: bucket, versioning, resource })
  const query = new URLSearchParams({ endpoint: gcs.url }).toString()
  const { serviceAccountJson: credentialsJson } = gcs
  const credentials = hmac ? { credentialsJson, ...gcs.hmac } : { credentialsJson }
  const uri = `gs://${bucket}/{place}?${query}`
  return {
    name: hmac ? 'gcs with HMAC keys' : 'gcs',
    uri,
    unreachableUri: await unreachable(uri, gcs.url),
    missingUri: `gs://${freshBucket()}/{place}?${query}`,
    options: { credentials },
    wrongCredentials: { credentialsJson: await withAnotherKey(credentialsJson) },
    control: { url: gcs.url, bucket },
  }
}

/** The same account with a private key that is not its own. */
async function withAnotherKey(json: string): Promise<string> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64')
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
  return JSON.stringify({ ...(JSON.parse(json) as object), private_key: pem })
}

const NOT_IN_AZURITE = {
  versions: 'Azurite keeps no versions',
  retention: 'Azurite has no immutability policies',
  'empty-metadata': 'Azurite drops metadata without a value',
  abort: 'Azure has no abort: it drops uncommitted blocks after a week',
}

export async function describeAzurite({ azurite }: Servers): Promise<StoreDescription> {
  const container = freshBucket()
  const { url, account, accountKey } = azurite
  const credential = new StorageSharedKeyCredential(account, accountKey)
  await new BlobServiceClient(url, credential).createContainer(container)
  const query = new URLSearchParams({ endpoint: url }).toString()
  const uri = `az://${account}/${container}/{place}?${query}`
  return {
    name: 'azure',
    uri,
    unreachableUri: await unreachable(uri, url),
    missingUri: `az://${account}/${freshBucket()}/{place}?${query}`,
    // Azurite sorts as JavaScript does; Azure itself documents no more than "lexicographically".
    options: { credentials: { accountKey }, capabilities: { list: { order: 'utf16' } } },
    wrongCredentials: { accountKey: Buffer.from(WRONG_SECRET).toString('base64') },
    notHere: NOT_IN_AZURITE,
  }
}

/** Or the reason why it does not run. */
export async function describeRadosgw({ radosgw }: Servers): Promise<StoreDescription | string> {
  if ('missing' in radosgw) return radosgw.missing
  const bucket = freshBucket()
  const { url, accessKeyId, secretAccessKey } = radosgw
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({
    endpoint: url,
    region: 'default',
    forcePathStyle: true,
    credentials,
  })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  const query = new URLSearchParams({ endpoint: url }).toString()
  return {
    name: 'ceph',
    uri: `ceph://${bucket}/{place}?${query}`,
    missingUri: `ceph://${freshBucket()}/{place}?${query}`,
    options: { credentials },
    wrongCredentials: { accessKeyId, secretAccessKey: WRONG_SECRET },
    notHere: {
      versions: 'the bucket of this run is not versioned',
      retention: 'the bucket of this run is not versioned',
      archive: 'radosgw keeps the bytes of every class at hand',
    },
    expectedFailures: {
      'multipart: an upload that is not there is not found':
        'radosgw answers the completion of an upload under another key with 500 InternalError',
    },
  }
}
