// The probe against S3 and its look-alikes, under the right record and under wrong ones.

import assert from 'node:assert/strict'
import { describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { createOpening } from '#shared/storage/open.ts'
import type { ProbeTarget } from '#shared/storage/probe.ts'
import { probeStore, testStore } from '#shared/storage/probe.ts'
import type { S3Variant } from '../harness/descriptions.ts'
import { describeRadosgw, describeS3, freshBucket } from '../harness/descriptions.ts'
import { differences, targetOf, tracesIn, unknowns } from './probe-target.ts'
import { startSloppyS3 } from './probe-sloppy-s3.ts'

const servers = inject('servers')

// A probe is near two hundred requests and 11 MiB.
vi.setConfig({ testTimeout: 60_000 })
const AMAZON = { row: 's3', parameters: { region: 'us-east-1' } }
const B2_REGION = { parameters: { region: 'us-west-004' } }

async function bucket(variant: S3Variant): Promise<ProbeTarget> {
  return targetOf(await describeS3(servers, variant))
}

/** The probe's property: what it found, taken as the store's override, is what it finds. */
async function probeTwice(target: ProbeTarget): Promise<ReturnType<typeof differences>> {
  const { findings, capabilities, leftover } = await probeStore(target)
  expect(leftover).toBeUndefined()
  const kept = { ...target, options: { ...target.options, capabilities } }
  const again = await probeStore(kept)
  expect(differences(again.findings)).toEqual({})
  expect(again.settings).toEqual([])
  return differences(findings)
}

describe('under the right record', () => {
  const VARIANTS: S3Variant[] = [
    { name: 's3', ...AMAZON },
    { name: 's3 with versions', ...AMAZON, versioning: 'Enabled' },
    { name: 'b2', scheme: 'b2://', dialect: 'b2', ...B2_REGION },
    {
      name: 'spaces',
      scheme: 'spaces://',
      dialect: { like: 'spaces', postPolicy: false },
      parameters: { region: 'us-east-1' },
    },
  ]
  for (const variant of VARIANTS) {
    test(`${variant.name} works and is as recorded, and nothing is left`, async () => {
      const target = await bucket(variant)
      const { checks, leftover } = await testStore(target)
      expect(checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
        ...['reach ok', 'list ok', 'write ok', 'read ok', 'sign ok', 'delete ok'],
      ])
      expect(leftover).toBeUndefined()
      expect(await tracesIn(target)).toEqual([])
      const probed = await probeStore(target)
      // The server keeps conditions on a copy's source in every dialect; of b2 and spaces nobody knows.
      const { copy } = createOpening(
        target.uri,
        target.platform,
        target.options,
        target.rows,
      ).capabilities
      expect(differences(probed.findings)).toEqual(
        copy?.sourceMatch ? {} : { 'copy.sourceMatch': true },
      )
      expect(unknowns(probed.findings)).toEqual({})
      expect(probed.leftover).toBeUndefined()
      expect(await tracesIn(target)).toEqual([])
    })
  }

  test('a Ceph gateway lists versions that its record leaves alone, and is less than MinIO', async ({
    skip,
  }) => {
    const description = await describeRadosgw(servers)
    if (typeof description === 'string') skip(description)
    assert(typeof description === 'object')
    // Without what the conformance suite has to be told of this bucket.
    const { credentials } = description.options ?? {}
    const ceph = targetOf({ ...description, options: { credentials } })
    expect(await probeTwice(ceph)).toEqual({ versions: true })
    const less = await probeStore({ ...ceph, uri: ceph.uri.replace('ceph:', 'minio:') })
    expect(less.findings).toContainEqual({
      cell: 'multipart.create',
      recorded: true,
      found: false,
      how: 'an upload that was to create overwrote the object there',
    })
    expect(await tracesIn(ceph)).toEqual([])
  })
})

describe('under a wrong record', () => {
  test('more is found than is taken for granted of any S3', async () => {
    const target = await bucket({ name: 'unknown' })
    expect(await probeTwice(target)).toEqual({
      'put.create': true,
      'put.match': true,
      'put.checksums.crc32': true,
      'put.checksums.crc32c': true,
      'put.checksums.crc64nvme': true,
      'put.checksums.sha1': true,
      'put.checksums.sha256': true,
      'delete.match': true,
      'copy.sourceMatch': true,
      'copy.create': true,
      'copy.match': true,
      tags: true,
      versions: true,
      'multipart.create': true,
      'multipart.match': true,
      'presign.actions.form': true,
      'presign.enforces.overwrite': true,
      'presign.checksums.crc32': true,
      'presign.checksums.crc32c': true,
      'presign.checksums.crc64nvme': true,
      'presign.checksums.sha1': true,
      'presign.checksums.sha256': true,
    })
    expect(await tracesIn(target)).toEqual([])
  })

  test('less is found where conditions are refused', async () => {
    const target = await bucket({ name: 'b2', scheme: 'minio://', dialect: 'b2', ...B2_REGION })
    expect(await probeTwice(target)).toEqual({
      'put.create': false,
      'put.match': false,
      tags: false,
      'multipart.create': false,
      'multipart.match': false,
      'presign.actions.form': false,
      'presign.enforces.overwrite': false,
    })
    expect(await tracesIn(target)).toEqual([])
  })

  test('parts of one size, and no list of versions', async () => {
    const target = await bucket({ name: 'r2', scheme: 'minio://', dialect: 'r2' })
    expect(await probeTwice(target)).toMatchObject({
      'multipart.equalParts': true,
      versions: false,
      tags: false,
      'presign.actions.form': false,
    })
    expect(
      await tracesIn({
        ...target,
        options: { ...target.options, capabilities: { versions: false } },
      }),
    ).toEqual([])
  })

  test('a page that loses keys fails the check; a batch goes where no new digest is known', async () => {
    const target = await bucket({ name: 'spaces', scheme: 'minio://', dialect: 'spaces' })
    const { checks } = await testStore(target)
    expect(checks.find(({ check }) => check === 'list')).toMatchObject({
      outcome: 'failed',
      why: expect.stringContaining('where the next page begins') as string,
    })
    const found = await probeTwice(target)
    expect(found).toMatchObject({ 'put.create': false })
    expect(found).not.toHaveProperty(['delete.batch'])
    expect(await tracesIn(target)).toEqual([])
  })

  test('an override of groups that are switched off is found again whole', async () => {
    const target = await bucket({ name: 's3', ...AMAZON })
    const capabilities = { copy: null, multipart: null, presign: null, tags: null }
    const wrong = { ...target, options: { ...target.options, capabilities } }
    const probed = await probeStore(wrong)
    expect(probed.settings.map(({ path }) => path.join('.')).toSorted()).toEqual([
      ...['copy', 'multipart', 'presign', 'tags'],
    ])
    expect(probed.capabilities).toMatchObject({
      copy: { create: true, match: true, maxBytes: 5 * 1024 ** 3 },
      multipart: { create: true, equalParts: false, minPartBytes: 5 * 1024 ** 2 },
      presign: { actions: ['get', 'head', 'put', 'part', 'delete', 'form'], maxSeconds: 604_800 },
      tags: { max: 10 },
    })
    await probeTwice(wrong)
  })
})

describe('a server that says yes to everything', () => {
  test('is found out by what it did', async () => {
    const server = await startSloppyS3()
    onTestFinished(() => server.close())
    const target: ProbeTarget = {
      uri: `minio://${freshBucket()}?endpoint=${server.url}`,
      platform: { env: {}, fileSystem: false, now: Date.now },
      options: { name: 'sloppy', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } },
    }
    const { findings } = await probeStore(target)
    const hows = Object.fromEntries(findings.map(({ cell, how }) => [cell, how]))
    expect(hows).toMatchObject({
      'put.create': 'a second create overwrote the first',
      'put.match': 'a write under a stale ETag overwrote the object',
      'put.checksums.md5': 'a wrong digest was accepted',
      'put.checksums.sha256': 'a wrong digest was accepted',
      'presign.enforces.size': 'a longer body was accepted',
      'presign.enforces.type': 'another type was accepted',
      'presign.enforces.overwrite': 'a second signed create overwrote the first',
      'presign.checksums.crc32': 'a body with another digest was accepted',
    })
    expect(await probeTwice(target)).toMatchObject({
      'put.create': false,
      'delete.batch': 1,
      'list.order': 'utf16',
      multipart: false,
      'presign.actions.part': false,
      'presign.actions.form': false,
      'presign.enforces.checksum': false,
      tags: false,
      versions: false,
    })
    expect(server.keys()).toEqual([])
  })
})

describe('what goes wrong on the way', () => {
  async function faults(url: string, rules: object[]): Promise<void> {
    const answer = await fetch(`${url}/__control/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rules),
    })
    expect(answer.ok).toBe(true)
  }

  test('what the server was too busy for stays as recorded', async () => {
    const description = await describeS3(servers, { name: 'busy', ...AMAZON })
    const busy = { status: 503, code: 'SlowDown' }
    await faults(description.control.url, [
      {
        bucket: description.control.bucket,
        operation: 'GetObjectTagging',
        times: 99,
        action: busy,
      },
    ])
    const target = targetOf(description)
    const { findings, capabilities } = await probeStore(target)
    expect(findings.find(({ cell }) => cell === 'tags')).toMatchObject({
      recorded: true,
      found: null,
    })
    expect(capabilities.tags).toEqual({ max: 10 })
    expect(await tracesIn(target)).toEqual([])
  })

  test('an interrupted probe leaves nothing', async () => {
    const target = await bucket({ name: 'interrupted', ...AMAZON, versioning: 'Enabled' })
    const interrupt = new AbortController()
    const stopAtPart: typeof fetch = async (input, init) => {
      if (new Request(input).url.includes('partNumber=')) interrupt.abort(new Error('enough'))
      return fetch(input, init)
    }
    const probing = probeStore(target, { fetch: stopAtPart, signal: interrupt.signal })
    await expect(probing).rejects.toThrow('enough')
    expect(await tracesIn(target)).toEqual([])
  })

  test('what cannot be removed is said', async () => {
    const description = await describeS3(servers, { name: 'keeper', ...AMAZON })
    const { url, bucket: name } = description.control
    const denied = { status: 403, code: 'AccessDenied' }
    await faults(url, [
      { bucket: name, operation: 'DeleteObject', times: 999, action: denied },
      { bucket: name, operation: 'DeleteObjects', times: 999, action: denied },
    ])
    const { checks, leftover } = await testStore(targetOf(description))
    expect(checks.find(({ check }) => check === 'delete')?.outcome).toBe('failed')
    expect(leftover).toMatch(
      /^Something may be left at \.skein\/probe-[\w-]+\/ in keeper; delete it: /,
    )
  })

  test('wrong keys, a missing bucket and a dead endpoint fail with their sentences', async () => {
    const description = await describeS3(servers, { name: 'wrong', ...AMAZON })
    const target = targetOf(description)
    const failing = async (wrong: ProbeTarget) => {
      const { checks, leftover } = await testStore(wrong)
      expect(leftover).toBeUndefined()
      return Object.fromEntries(checks.map(({ check, outcome, why }) => [check, { outcome, why }]))
    }
    const keys = { ...target.options, credentials: description.wrongCredentials }
    expect(await failing({ ...target, options: keys })).toMatchObject({
      reach: { outcome: 'ok' },
      list: { outcome: 'failed', why: expect.stringContaining('secret') as string },
      write: { outcome: 'failed' },
      read: { outcome: 'skipped', why: 'nothing could be written' },
    })
    expect(await failing({ ...target, uri: description.missingUri ?? '' })).toMatchObject({
      reach: { outcome: 'ok' },
      list: { outcome: 'failed', why: expect.stringContaining('bucket') as string },
    })
    const dead = await startSloppyS3()
    await dead.close()
    expect(
      await failing({
        ...target,
        uri: `s3://${freshBucket()}?endpoint=${dead.url}&region=us-east-1`,
      }),
    ).toMatchObject({
      reach: { outcome: 'failed', why: expect.stringContaining(dead.url.slice(7)) as string },
      write: { outcome: 'skipped' },
    })
  })
})
