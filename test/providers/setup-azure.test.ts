// `skein setup` on Azure: CORS of the account's blob service through Azurite, and an administrator's commands,
// run by a shell whose `az` writes down what it is told.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import type { Setup } from '#shared/storage/schema.ts'
import { describeAzurite } from '../harness/descriptions.ts'
import { startAnswering } from './azure-answers.ts'
import { ORIGIN, apply, exposedBy, plan, preflight, setupOf, statesOf } from './setup-bucket.ts'

const { azurite } = inject('servers')
const { url, account, accountKey } = azurite
const service = new BlobServiceClient(url, new StorageSharedKeyCredential(account, accountKey))
const bucket = await describeAzurite(inject('servers'))
const container = /az:\/\/\w+\/([\w-]+)\//.exec(bucket.uri)![1]!

const OWN = {
  allowedOrigins: 'https://www.example.com',
  allowedMethods: 'GET',
  allowedHeaders: '',
  exposedHeaders: 'x-ms-meta-*',
  maxAgeInSeconds: 5,
}

/** The account is everybody's, and no other file has anything to do with its CORS rules. */
beforeEach(async () => {
  await service.setProperties({ cors: [] })
})

describe('CORS of the account', () => {
  const wanted: Setup = { cors: { origins: [ORIGIN], maxAge: '2h' } }

  test('is made fit once, and lets a browser in', async () => {
    const states = async () => statesOf(await plan(bucket, wanted))
    expect(await states()).toEqual([['cors', 'change']])
    await apply(bucket, wanted)
    expect(await states()).toEqual([['cors', 'fit']])
    const key = `${url}/${container}/key`
    const asked = 'content-type,x-ms-blob-type,x-ms-meta-a_b,if-none-match'
    expect(await preflight(key, asked)).toMatchObject({ status: 200 })
    expect((await preflight(key, 'x-other')).status).toBe(403)
    expect(await exposedBy(key)).toContain('etag')
  })

  test('keeps its owner’s rules, and every other setting of the service', async () => {
    const deleteRetentionPolicy = { enabled: true, days: 3 }
    await service.setProperties({ cors: [OWN], deleteRetentionPolicy })
    const before = await service.getProperties()
    await apply(bucket, wanted)
    const { cors, deleteRetentionPolicy: after } = await service.getProperties()
    expect(cors).toHaveLength(2)
    expect(cors?.[0]).toEqual(before.cors?.[0])
    expect(after).toEqual(before.deleteRetentionPolicy)

    const [step] = await apply(bucket, { cors: { origins: ['https://other.example.com'] } })
    expect(step?.difference.removed).toContainEqual(expect.stringContaining(ORIGIN))
    expect((await service.getProperties()).cors).toHaveLength(2)
  })

  test('is one rule for all containers that want the same', async () => {
    const other = await describeAzurite(inject('servers'))
    await apply(bucket, wanted)
    const [step] = await apply(other, wanted)
    expect(step).toMatchObject({ state: 'fit' })
    const narrower: Setup = { cors: { origins: ['https://other.example.com'] } }
    await apply(other, narrower)
    expect((await service.getProperties()).cors).toHaveLength(2)
    expect(statesOf(await plan(bucket, wanted))).toEqual([['cors', 'fit']])
  })

  test('takes five rules and no more', async () => {
    await service.setProperties({ cors: [OWN, OWN, OWN, OWN, OWN] })
    const [step] = await plan(bucket, wanted)
    expect(step).toMatchObject({ state: 'refused' })
    expect(step?.reason).toContain('takes 5 in all')
  })

  test('is not written when somebody else has changed it since', async () => {
    const opened = setupOf(bucket)
    const [step] = await opened.plan(wanted)
    await service.setProperties({ cors: [OWN] })
    await expect(step!.apply!()).rejects.toMatchObject({ kind: 'precondition' })
    expect((await service.getProperties()).cors).toHaveLength(1)
  })
})

describe('what is an administrator’s', () => {
  const wanted: Setup = {
    encryption: 'provider',
    versioning: true,
    lifecycle: {
      abortMultipartAfterDays: 7,
      expireNoncurrentAfterDays: 30,
      expire: [{ prefix: "it's `tmp`/", afterDays: 1 }],
      transitions: [{ afterDays: 90, storageClass: 'Cool' }],
    },
  }

  test('is printed as commands that a shell takes as they are meant', async () => {
    const steps = await plan(bucket, wanted, 'app')
    expect(statesOf(steps)).toEqual([
      ['encryption', 'fit'],
      ['versioning', 'command'],
      ['lifecycle', 'fit'],
      ['lifecycle', 'command'],
    ])
    expect(await runAz(steps[1]!.commands!)).toEqual([
      `storage account blob-service-properties update --account-name ${account} --enable-versioning true`.split(
        ' ',
      ),
    ])
    const policy = ['storage', 'account', 'management-policy']
    const of = ['--account-name', account]
    const group = ['--resource-group', 'the group']
    const [ask, show, create] = await runAz(steps[3]!.commands!)
    expect(ask?.slice(0, 5)).toEqual(['storage', 'account', 'show', '--name', account])
    expect(show?.slice(0, 7)).toEqual([...policy, 'show', ...of, '--query'])
    expect(create).toEqual([...policy, 'create', ...of, '--policy', '@skein-policy.json', ...group])
    const query =
      /^\{rules: \[policy\.rules\[\?!starts_with\(name, `"(skein-[0-9a-f]{8}-)"`\)\], `(.*)`\]\[\]\}$/s
    const [, own, literal] = query.exec(show![7]!)!
    const rules = JSON.parse(literal!.replaceAll('\\`', '`')) as { name: string }[]
    expect(rules.every(({ name }) => name.startsWith(own!))).toBe(true)
    expect(rules).toMatchObject([
      { definition: { actions: { version: { delete: { daysAfterCreationGreaterThan: 30 } } } } },
      {
        definition: {
          filters: { blobTypes: ['blockBlob'], prefixMatch: [`${container}/app/it's \`tmp\`/`] },
          actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 1 } } },
        },
      },
      {
        enabled: true,
        type: 'Lifecycle',
        definition: {
          filters: { prefixMatch: [`${container}/app/`] },
          actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 90 } } },
        },
      },
    ])
  })

  test('never writes a policy when the reading failed', async () => {
    const [, , , lifecycle] = await plan(bucket, wanted)
    const calls = await runAz(
      lifecycle!.commands!,
      'case "$*" in *"management-policy show"*) exit 3;; esac',
    )
    expect(calls.map((words) => words.slice(0, 4).join(' '))).toEqual([
      'storage account show --name',
      'storage account management-policy show',
    ])
  })

  test('has the policy for an account without one as a comment', async () => {
    const [, , , lifecycle] = await plan(bucket, wanted)
    const uncommented = lifecycle!.commands!.filter((line) => line.startsWith('# az'))
    expect(uncommented).toHaveLength(1)
    const [create] = await runAz(uncommented.map((line) => line.slice(2)))
    const policy = JSON.parse(create![create!.indexOf('--policy') + 1]!) as { rules: object[] }
    expect(policy.rules).toHaveLength(3)
  })

  test('names a key of a vault', async () => {
    const kmsKey = 'https://acme.vault.azure.net/keys/photos/0123abc'
    const [step] = await plan(bucket, { encryption: { kmsKey } })
    expect((await runAz(step!.commands!))[0]?.join(' ')).toBe(
      `storage account update --name ${account} --encryption-key-source Microsoft.Keyvault --encryption-key-vault https://acme.vault.azure.net --encryption-key-name photos --encryption-key-version 0123abc`,
    )
    const [refused] = await plan(bucket, { encryption: { kmsKey: 'photos' } })
    expect(refused).toMatchObject({ state: 'refused' })
  })

  test('is CORS too, for a SAS of the container', async () => {
    const client = service.getContainerClient(container)
    const sas = await client.generateSasUrl({
      permissions: (await import('@azure/storage-blob')).ContainerSASPermissions.parse('rl'),
      expiresOn: new Date(Date.now() + 600_000),
    })
    const options = { credentials: { sasToken: new URL(sas).search.slice(1) } }
    const [step] = await plan({ ...bucket, options }, { cors: { origins: [ORIGIN] } })
    expect(step).toMatchObject({ state: 'command' })
    const [words] = await runAz(step!.commands!)
    expect(words).toEqual(expect.arrayContaining(['cors', 'add', ORIGIN, 'PUT', 'x-ms-*']))
  })

  /** Azurite says AuthorizationPermissionMismatch there. */
  test('is CORS too where Azure calls such a SAS not authentic', async () => {
    const code = 'AuthenticationFailed'
    const azure = await startAnswering(() => ({
      status: 403,
      headers: { 'x-ms-error-code': code },
    }))
    onTestFinished(() => azure.stop())
    const uri = `az://${account}/docs?endpoint=${azure.url}`
    const sasToken = 'sv=2022-11-02&sr=c&sp=rl&se=2030-01-01T00%3A00%3A00Z&sig=c2VjcmV0'
    const asked = { cors: { origins: [ORIGIN] } }
    const [step] = await plan({ uri, options: { credentials: { sasToken } } }, asked)
    expect(step).toMatchObject({ state: 'command' })
    await expect(plan({ uri, options: { credentials: { accountKey } } }, asked)).rejects.toThrow(
      'does not accept the account key',
    )
  })
})

/** What each `az` was told, in order. */
async function runAz(commands: readonly string[], more = ''): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-az-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const log = join(folder, 'log')
  const script = `#!/bin/sh
{ for word in "$@"; do printf '%s\\037' "$word"; done; printf '\\036'; } >> '${log}'
${more}
case "$*" in *"account show"*) echo 'the group';; esac
`
  await writeFile(join(folder, 'az'), script, { mode: 0o755 })
  await promisify(execFile)('/bin/sh', ['-c', commands.join('\n')], {
    cwd: folder,
    env: { PATH: `${folder}:/usr/bin:/bin` },
  }).catch((error: unknown) => {
    if (more === '') throw error
  })
  const text = await readFile(log, 'utf8')
  return text
    .split('\u001e')
    .slice(0, -1)
    .map((call) => call.split('\u001f').slice(0, -1))
}
