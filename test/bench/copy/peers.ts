// The two that copy: the built command line and Debian's rclone, told to do the same between the same two places, with
// as many transfers, and parts of one size.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Command } from './command.ts'

export const KEYS = {
  accessKeyId: 'TESTACCESSKEY0000001',
  secretAccessKey: 'testsecretkey0000000000000000000000001',
}

export interface Place {
  url: string
  bucket: string
  prefix?: string
  /** As what a user would open it; a radosgw by default. */
  as?: 'r2' | 'b2' | 'gcs' | undefined
}

export type Peer = (from: Place, to: Place) => Command

const TRANSFERS = 4
const CHECKERS = 8

/** Keeps credentials of this machine's user, and its proxies, out of it. */
const ALONE = {
  AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  AWS_CA_BUNDLE: '',
  NO_PROXY: '127.0.0.1',
}

export function skein(cli: string): Peer {
  return (from, to) => ({
    command: process.execPath,
    args: [
      ...[cli, 'sync', uriOf(from), uriOf(to), '--through-here'],
      ...['--transfers', String(TRANSFERS), '--checkers', String(CHECKERS)],
    ],
    // Set, it has Google's stores asked without credentials.
    env: { ...ALONE, STORAGE_EMULATOR_HOST: to.url },
  })
}

export function uriOf({ url, bucket, prefix = '', as }: Place): string {
  const endpoint = encodeURIComponent(url)
  if (as === 'gcs') return `gs://${bucket}/${prefix}?endpoint=${endpoint}`
  if (as === 'r2') return `r2://account/${bucket}/${prefix}?endpoint=${endpoint}`
  const [scheme, region] = as === 'b2' ? ['b2', 'us-west-004'] : ['s3', 'us-east-1']
  return `${scheme}://${bucket}/${prefix}?region=${region}&path_style=true&endpoint=${endpoint}`
}

/** Two remotes, so that it does not have the server copy. */
export const rclone: Peer = (from, to) => ({
  command: 'rclone',
  args: [
    ...['sync', `from:${from.bucket}/${from.prefix ?? ''}`, `to:${to.bucket}/${to.prefix ?? ''}`],
    ...['--transfers', String(TRANSFERS), '--checkers', String(CHECKERS)],
  ],
  env: { ...ALONE, RCLONE_CONFIG: '/dev/null', ...remote('FROM', from), ...remote('TO', to) },
})

function remote(name: string, { url }: Place): Record<string, string> {
  const settings = {
    type: 's3',
    provider: 'Ceph',
    endpoint: url,
    access_key_id: KEYS.accessKeyId,
    secret_access_key: KEYS.secretAccessKey,
    region: 'us-east-1',
    force_path_style: 'true',
    no_check_bucket: 'true',
    list_version: '2',
    chunk_size: '8M',
    upload_concurrency: '4',
  }
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      `RCLONE_CONFIG_${name}_${key.toUpperCase()}`,
      value,
    ]),
  )
}

/** Undefined where it is not installed. */
export async function rcloneVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('rclone', ['version'])
    return stdout.split('\n', 1)[0]
  } catch {
    return undefined
  }
}
