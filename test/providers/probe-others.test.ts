// The probe against the clouds with a wire of their own, a folder and memory: as recorded.

import { afterAll, describe, expect, inject, test, vi } from 'vitest'
import type { Check } from '#shared/storage/probe.ts'
import { probeStore, testStore } from '#shared/storage/probe.ts'
import { describeAzurite, describeGcs } from '../harness/descriptions.ts'
import { openFolders } from '../harness/folders.ts'
import { differences, targetOf, tracesIn, unknowns } from './probe-target.ts'

const servers = inject('servers')

// A probe is near two hundred requests and 11 MiB.
vi.setConfig({ testTimeout: 60_000 })

const folders = await openFolders()
const folder = folders.description
afterAll(() => folders.close())

const UNASKED = ['copy.sourceMatch']

const STORES = [
  { description: await describeGcs(servers), unknown: UNASKED },
  { description: await describeGcs(servers, { versioning: true, hmac: true }), unknown: UNASKED },
  { description: await describeAzurite(servers), unknown: [...UNASKED, 'versions'] },
  { description: folder, unknown: [] },
  { description: { name: 'memory', uri: 'memory:{place}' }, unknown: [], unsigned: true },
]

describe('as recorded', () => {
  for (const { description, unknown, unsigned = false } of STORES) {
    test(`${description.name} works, is as recorded, and nothing is left`, async () => {
      const target = targetOf(description)
      const { checks, leftover } = await testStore(target)
      const failed = ({ outcome }: Check) => outcome === 'failed'
      expect(checks.filter(failed)).toEqual([])
      expect(checks.find(({ check }) => check === 'sign')?.outcome).toBe(
        unsigned ? 'skipped' : 'ok',
      )
      expect(leftover).toBeUndefined()
      const probed = await probeStore(target)
      expect(differences(probed.findings)).toEqual({})
      expect(Object.keys(unknowns(probed.findings)).toSorted()).toEqual(unknown)
      expect(probed.leftover).toBeUndefined()
      expect(await tracesIn(target)).toEqual([])
    })
  }
})

describe('otherwise than recorded', () => {
  test('an order of keys that is not the recorded one is found', async () => {
    const target = targetOf(await describeAzurite(servers))
    const options = { ...target.options, capabilities: { list: { order: 'utf8' as const } } }
    const { findings, settings } = await probeStore({ ...target, options })
    expect(differences(findings)).toEqual({ 'list.order': 'utf16' })
    expect(settings).toEqual([{ path: ['list', 'order'], value: 'utf16' }])
  })

  test('a capability that a folder was denied is found again', async () => {
    const target = targetOf(folder)
    const capabilities = { put: { create: false, checksums: ['md5' as const] }, tags: null }
    const probed = await probeStore({ ...target, options: { ...target.options, capabilities } })
    expect(probed.settings).toEqual([
      { path: ['put', 'create'], value: true },
      {
        path: ['put', 'checksums'],
        value: ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
      },
      { path: ['tags'], value: { max: 10 } },
    ])
  })

  test('a folder whose server is not running is not failing, and its URLs stay as recorded', async () => {
    const target = targetOf(folder)
    const platform = { ...target.platform, env: { ...target.platform.env } }
    platform.env['SKEIN_PUBLIC_URL'] = 'http://127.0.0.1:1'
    const { checks } = await testStore({ ...target, platform })
    expect(checks.find(({ check }) => check === 'sign')).toMatchObject({
      outcome: 'skipped',
      why: expect.stringContaining('http://127.0.0.1:1') as string,
    })
    const { findings, settings } = await probeStore({ ...target, platform })
    expect(unknowns(findings)).toHaveProperty(['presign.actions.put'])
    expect(settings).toEqual([])
  })
})
