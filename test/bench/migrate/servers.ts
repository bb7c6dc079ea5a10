// The emulators that are moved between: S3 as the source, and a fresh Azurite or Cloud Storage for each run, so that
// no run finds what another has left.

import { fileURLToPath } from 'node:url'
import type { StoreCredentials } from '#shared/storage/options.ts'
import { startAzurite } from '../../servers/azurite.ts'
import { startProcess } from '../../servers/process.ts'

export const KEYS = {
  accessKeyId: 'TESTACCESSKEY0000001',
  secretAccessKey: 'testsecretkey0000000000000000000000001',
}

export interface Emulator {
  /** As Skein is told of it. */
  uri: string
  credentials: StoreCredentials
  /** As rclone is, in the variables of a remote; undefined where it cannot reach it. */
  remote: Readonly<Record<string, string>>
  /** After the name of the remote. */
  bucket: string
  pid: number
  stop: () => Promise<void>
}

export const BUCKET = 'bucket'

async function startOwn(name: string) {
  const main = fileURLToPath(new URL(`../../servers/${name}/main.ts`, import.meta.url))
  const args = [main, '--port', '0']
  return startProcess({ command: process.execPath, args, ready: /^\{/ })
}

async function control(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const asked = { method: 'POST', headers, body: JSON.stringify(body) }
  const answer = await fetch(`${url}/__control/buckets`, asked)
  if (!answer.ok) throw new Error(`no bucket could be made: ${await answer.text()}`)
}

export async function startS3(): Promise<Emulator> {
  const { line, pid, stop } = await startOwn('s3')
  const { url } = JSON.parse(line) as { url: string }
  await control(url, { name: BUCKET, dialect: 'amazon' })
  const endpoint = encodeURIComponent(url)
  return {
    uri: `s3://${BUCKET}?region=us-east-1&path_style=true&endpoint=${endpoint}`,
    credentials: KEYS,
    remote: {
      ...{ type: 's3', provider: 'Ceph', endpoint: url, region: 'us-east-1' },
      ...{ access_key_id: KEYS.accessKeyId, secret_access_key: KEYS.secretAccessKey },
      ...{ force_path_style: 'true', no_check_bucket: 'true', list_version: '2' },
    },
    ...{ bucket: BUCKET, pid, stop },
  }
}

export async function startGcs(): Promise<Emulator> {
  const { line, pid, stop } = await startOwn('gcs')
  const ready = JSON.parse(line) as { url: string; serviceAccount: Record<string, string> }
  const { url } = ready
  await control(url, { name: BUCKET })
  const credentialsJson = JSON.stringify(ready.serviceAccount)
  return {
    uri: `gs://${BUCKET}?endpoint=${encodeURIComponent(url)}`,
    credentials: { credentialsJson },
    remote: {
      ...{ type: 'google cloud storage', service_account_credentials: credentialsJson },
      ...{ endpoint: `${url}/storage/v1/`, bucket_policy_only: 'true' },
    },
    ...{ bucket: BUCKET, pid, stop },
  }
}

/** rclone signs for Azure's own host names alone; a signed URL of the container takes it anywhere. */
export async function startAzure(): Promise<Emulator> {
  const { url, account, accountKey, pid, stop } = await startAzurite()
  const { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } =
    await import('@azure/storage-blob')
  const shared = new StorageSharedKeyCredential(account, accountKey)
  const container = new BlobServiceClient(url, shared).getContainerClient(BUCKET)
  await container.create()
  const signed = await container.generateSasUrl({
    permissions: ContainerSASPermissions.parse('racwdl'),
    expiresOn: new Date(Date.now() + 86_400_000),
  })
  return {
    uri: `az://${account}/${BUCKET}?endpoint=${encodeURIComponent(url)}`,
    credentials: { accountKey },
    remote: { type: 'azureblob', sas_url: signed },
    ...{ bucket: BUCKET, pid, stop },
  }
}
