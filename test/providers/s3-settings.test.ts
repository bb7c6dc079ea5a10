// Where an S3 store's region, endpoint and keys come from, in which order, and what is said when one is
// missing: before any request, with what to do about it, and never a secret in it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { StorageError, isStorageError } from '#shared/storage/errors.ts'
import type { S3Credentials } from '#shared/storage/providers/s3/credentials.ts'
import { s3Settings } from '#shared/storage/providers/s3/settings.ts'
import type { Around } from './s3-opening.ts'
import { s3Opening } from './s3-opening.ts'

const AWS_KEYS = { AWS_ACCESS_KEY_ID: 'aws-id', AWS_SECRET_ACCESS_KEY: 'aws-secret' }

function settingsOf(uri: string, around: Around = {}) {
  return s3Settings(s3Opening(uri, { env: AWS_KEYS, ...around }))
}

function refusalOf(uri: string, around?: Around): StorageError {
  try {
    settingsOf(uri, around)
  } catch (error) {
    if (error instanceof StorageError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

describe('region and endpoint', () => {
  it.each([
    ['s3://b123?region=eu-central-1', {}, 'eu-central-1', 'https://s3.eu-central-1.amazonaws.com'],
    ['s3://b123', { AWS_REGION: 'eu-west-1' }, 'eu-west-1', 'https://s3.eu-west-1.amazonaws.com'],
    [
      's3://b123',
      { AWS_DEFAULT_REGION: 'us-west-2' },
      'us-west-2',
      'https://s3.us-west-2.amazonaws.com',
    ],
    ['s3://b123?region=cn-north-1', {}, 'cn-north-1', 'https://s3.cn-north-1.amazonaws.com.cn'],
    [
      's3://b123?region=eusc-de-east-1',
      {},
      'eusc-de-east-1',
      'https://s3.eusc-de-east-1.amazonaws.eu',
    ],
    [
      'b2://b123?region=us-west-004',
      { AWS_REGION: 'eu-west-1' },
      'us-west-004',
      'https://s3.us-west-004.backblazeb2.com',
    ],
    ['r2://acc/b123', { AWS_REGION: 'eu-west-1' }, 'auto', 'https://acc.r2.cloudflarestorage.com'],
    ['r2://acc/b123?jurisdiction=eu', {}, 'auto', 'https://acc.eu.r2.cloudflarestorage.com'],
    [
      'r2://acc/b123?jurisdiction=fedramp',
      {},
      'auto',
      'https://acc.fedramp.r2.cloudflarestorage.com',
    ],
    ['s3://b123?endpoint=http://127.0.0.1:9000/x/', {}, 'us-east-1', 'http://127.0.0.1:9000/x'],
  ])('%s', (uri, env, region, endpoint) => {
    const settings = settingsOf(uri, { env: { ...AWS_KEYS, ...env } })
    expect([settings.region, settings.endpoint]).toEqual([region, endpoint])
  })

  it.each([
    ['s3://b123', /region.*AWS_REGION/],
    ['b2://b123', /region; write it as b2:/],
    ['s3://b123?region=a/b', /region that cannot be one/],
    ['r2://acc/b123?jurisdiction=us', /eu or fedramp/],
    ['s3://b123?region=x&path_style=yes', /neither true nor false/],
    ['minio://b123', /does not say where its server is/],
  ])('refuses %s', (uri, sentence) => {
    expect(refusalOf(uri)).toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(sentence),
    })
  })

  it.each([
    ['s3://plain?region=x', false],
    ['s3://with.dots?region=x', true],
    ['s3://Capital?region=x', true],
    ['s3://under_score?region=x', true],
    ['s3://with.dots?region=x&path_style=false', false],
    ['s3://plain?region=x&path_style=true', true],
    ['s3://plain?endpoint=http://127.0.0.1:1', true],
    ['wasabi://plain?endpoint=http://127.0.0.1:1&region=x', true],
    ['wasabi://plain?endpoint=http://[::1]:1&region=x', true],
    ['wasabi://plain?endpoint=http://s3.test:1&region=x', false],
    ['r2://acc/plain', true],
    ['wasabi://plain?region=x', false],
  ])('the bucket of %s in the path: %s', (uri, pathStyle) => {
    expect(settingsOf(uri).pathStyle).toBe(pathStyle)
  })
})

describe('keys', () => {
  const R2_KEYS = { R2_ACCESS_KEY_ID: 'r2-id', R2_SECRET_ACCESS_KEY: 'r2-secret' }
  const OPTION_KEYS = { accessKeyId: 'own-id', secretAccessKey: 'own-secret' }

  it.each<[string, string, Around, S3Credentials]>([
    [
      "the store's own first",
      'r2://acc/b123',
      { env: { ...AWS_KEYS, ...R2_KEYS }, options: { credentials: OPTION_KEYS } },
      OPTION_KEYS,
    ],
    [
      "then its provider's variables",
      'r2://acc/b123',
      { env: { ...AWS_KEYS, ...R2_KEYS, AWS_SESSION_TOKEN: 't' } },
      { accessKeyId: 'r2-id', secretAccessKey: 'r2-secret' },
    ],
    [
      "then Amazon's",
      'r2://acc/b123',
      {},
      { accessKeyId: 'aws-id', secretAccessKey: 'aws-secret' },
    ],
    [
      'with a token of the environment',
      's3://b123?region=x',
      { env: { ...AWS_KEYS, AWS_SESSION_TOKEN: 't' } },
      { accessKeyId: 'aws-id', secretAccessKey: 'aws-secret', sessionToken: 't' },
    ],
  ])('%s', (_, uri, around, expected) => {
    expect(settingsOf(uri, around).credentials()).toEqual(expected)
  })

  it.each<[string, string, Around, RegExp]>([
    [
      'none on another provider',
      'wasabi://b123?region=x',
      { env: {} },
      /WASABI_ACCESS_KEY_ID and WASABI_SECRET_ACCESS_KEY, or AWS_ACCESS_KEY_ID/,
    ],
    [
      'none in a Worker',
      's3://b123?region=x',
      { env: {} },
      /set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
    ],
    [
      'half a pair in the environment',
      's3://b123?region=x',
      { env: { AWS_SECRET_ACCESS_KEY: 'hidden' } },
      /has AWS_SECRET_ACCESS_KEY in its environment but not AWS_ACCESS_KEY_ID/,
    ],
    [
      'half a pair in the options',
      's3://b123?region=x',
      { options: { credentials: { accessKeyId: 'hidden' } } },
      /has accessKeyId in its options but not secretAccessKey/,
    ],
    [
      'a token that was copied with its line break',
      's3://b123?region=x',
      {
        env: {
          AWS_ACCESS_KEY_ID: 'AKIA',
          AWS_SECRET_ACCESS_KEY: 's',
          AWS_SESSION_TOKEN: 'hidden\n',
        },
      },
      /has a space, a line break or the like among the credentials in its environment/,
    ],
  ])('says what to set with %s', (_, uri, around, sentence) => {
    const error = refusalOf(uri, around)
    expect(error).toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringMatching(sentence),
    })
    expect(error.message).not.toContain('hidden')
  })

  it('lets a binding be opened without keys and misses them when something is signed', () => {
    const { credentials } = settingsOf('r2://acc/b123?binding=FILES', { env: {} })
    expect(credentials).toThrow(/R2_ACCESS_KEY_ID/)
  })
})

describe("Amazon's chain", () => {
  let folder: string | undefined
  afterEach(() => {
    vi.unstubAllEnvs()
    if (folder) rmSync(folder, { recursive: true })
    folder = undefined
  })

  function profileFile(text: string): void {
    folder = mkdtempSync(join(tmpdir(), 'skein-profile-'))
    const file = join(folder, 'credentials')
    writeFileSync(file, text)
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file)
    vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  }

  const PROFILE = '[team]\naws_access_key_id = team-id\naws_secret_access_key = team-secret\n'
  const process = { platform: { fileSystem: true } }

  it.each([
    's3://b123?region=x&profile=team',
    'minio://b123?endpoint=http://127.0.0.1:1&profile=team',
  ])('finds the profile that %s names, whatever the environment holds', async (uri) => {
    profileFile(PROFILE)
    expect(await settingsOf(uri, process).credentials()).toMatchObject({
      accessKeyId: 'team-id',
      secretAccessKey: 'team-secret',
    })
  })

  it('has the keys at hand once it found them', async () => {
    profileFile(PROFILE)
    const { credentials } = settingsOf('s3://b123?region=x&profile=team', process)
    const first = await credentials()
    expect(credentials()).toBe(first)
  })

  it('names the profile that is not there', async () => {
    profileFile(PROFILE)
    const { credentials } = settingsOf('s3://b123?region=x&profile=nobody', process)
    const error: unknown = await Promise.resolve(credentials()).catch((reason: unknown) => reason)
    expect(isStorageError(error, 'unauthenticated')).toBe(true)
    expect(error).toMatchObject({ message: expect.stringMatching(/profile "nobody"/) })
  })
})
