// How a workspace is, and how much it holds, with stores that answer, fail and hang.

import { beforeEach, describe, expect, inject, test } from 'vitest'
import { createCircuits } from '#shared/storage/circuits.ts'
import { workspaceStats } from '#shared/workspaces/stats.ts'
import { workspaceStatus } from '#shared/workspaces/status.ts'
import { createControl } from '../suites/storage/control.ts'
import { describeGcs, describeS3 } from '../harness/descriptions.ts'
import { contextOf, openAs, openUnreachable, toldStore, workspaceOf } from './workspace-of.ts'

const servers = inject('servers')
const s3 = await describeS3(servers, { name: 's3', row: 's3', parameters: { region: 'us-east-1' } })
const gcs = await describeGcs(servers)
const control = createControl(s3.control, fetch)
const main = openAs('main', s3)
const second = openAs('second', gcs)

beforeEach(() => control.clear())

const circuits = createCircuits({ now: Date.now })

describe('the status', () => {
  test('is healthy when all answer', async () => {
    const status = await workspaceStatus(workspaceOf([main, second]), { circuits })
    expect(status).toMatchObject({
      ...{ workspace: 'app', state: 'healthy' },
      stores: [
        { store: 'main', role: 'primary', provider: 's3', state: 'up' },
        { store: 'second', role: 'replica', provider: 'gcs', state: 'up' },
      ],
    })
    expect(status.stores.every(({ milliseconds }) => milliseconds! >= 0)).toBe(true)
  })

  test('is degraded when a replica is down, and critical when the primary is', async () => {
    const away = openUnreachable('away', gcs)
    const degraded = await workspaceStatus(workspaceOf([main, away]), { circuits })
    expect(degraded).toMatchObject({
      state: 'degraded',
      stores: [{ state: 'up' }, { state: 'down', problem: /away/ }],
    })
    const critical = await workspaceStatus(workspaceOf([away, main]), { circuits })
    expect(critical).toMatchObject({
      state: 'critical',
      stores: [{ state: 'down' }, { state: 'up' }],
    })
  })

  test('does not wait for a store that hangs', async () => {
    await control.fault({ times: 10, action: { hang: true } })
    const options = { circuits, deadlineSeconds: 0.2 }
    const { state, stores } = await workspaceStatus(workspaceOf([second, main]), options)
    expect([state, stores[0]!.state]).toEqual(['degraded', 'up'])
    expect(stores[1]!.problem).toMatch(/^main did not answer within 0.2 seconds/)
  })

  test('tells of a circuit that was open when it asked, and closes it', async () => {
    const workspace = workspaceOf([main, second])
    const context = contextOf(workspace)
    const observation = { store: 'main', operation: 'head', attempt: 1, milliseconds: 1 }
    for (let i = 0; i < 5; i++) context.circuits.observe({ ...observation, error: 'unavailable' })
    const during = await workspaceStatus(workspace, context)
    expect([during.state, during.stores[0]!.state]).toEqual(['degraded', 'circuit-open'])
    const after = await workspaceStatus(workspace, context)
    expect([after.state, after.stores[0]!.state]).toEqual(['healthy', 'up'])
  })
})

describe('the stats', () => {
  test('count what each store holds, under a prefix too', async () => {
    for (const key of ['a/1', 'a/2', 'b']) await main.put(key, '12345')
    await second.put('a/1', '123')
    const workspace = workspaceOf([main, second])
    expect(await workspaceStats(workspace)).toEqual({
      workspace: 'app',
      stores: [
        { store: 'main', objects: 3, bytes: 15, complete: true },
        { store: 'second', objects: 1, bytes: 3, complete: true },
      ],
    })
    const under = await workspaceStats(workspace, { prefix: 'a/' })
    expect(under.stores.map(({ objects }) => objects)).toEqual([2, 1])
  })

  test('stop at their bound and say that there is more', async () => {
    const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`)
    const long = toldStore({ name: 'long', keys, kind: 'utf8', pageSize: 10 })
    const { stores } = await workspaceStats(workspaceOf([long]), { maxPages: 3 })
    expect(stores[0]).toMatchObject({ objects: 30, complete: false })
    expect(long.pages).toBe(3)
  })

  test('tell of a store that cannot be asked, and count the others', async () => {
    const away = openUnreachable('away', gcs)
    const { stores } = await workspaceStats(workspaceOf([main, away]))
    expect(stores[0]!.complete).toBe(true)
    expect(stores[1]).toMatchObject({ store: 'away', complete: false, problem: /away/ })
  })

  test('stop where a store hangs', async () => {
    await control.fault({ times: 10, action: { hang: true } })
    const { stores } = await workspaceStats(workspaceOf([main]), { deadlineSeconds: 0.2 })
    expect(stores[0]).toMatchObject({ objects: 0, complete: false })
  })
})
