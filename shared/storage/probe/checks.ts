// Is a store as its configuration says: can it be reached, listed, written, read, signed for and deleted
// from? Each is tried for real, with two tiny objects of its own that are gone afterwards.

import { StorageError } from '../errors.ts'
import type { Store } from '../store.ts'
import type { Client } from './ground.ts'
import { Ground } from './ground.ts'
import { sendSigned } from './signed.ts'

export type CheckName = 'reach' | 'list' | 'write' | 'read' | 'sign' | 'delete'

export interface Check {
  check: CheckName
  outcome: 'ok' | 'failed' | 'skipped'
  /** What is wrong, or why it was not tried. */
  why?: string
}

const NAMES = ['one', 'two']

export interface Checked {
  checks: Check[]
  /** What could not be removed again, in a sentence. */
  leftover?: string
}

/** Every check, in order. */
export async function checkStore(store: Store, client: Client): Promise<Checked> {
  const found = await trying('list', async () => {
    await store.list({ limit: 1, signal: client.signal })
  })
  if (found.kind === 'unavailable') return unreachable(found.result.why)
  const reach: Check = { check: 'reach', outcome: 'ok' }
  const ground = new Ground(store, store.capabilities, client)
  try {
    const write = (await trying('write', () => writeBoth(ground))).result
    const checks = [reach, ...(await checkWritten(ground, found.result, write))]
    return withLeftover(checks, await ground.leave())
  } catch (error) {
    await ground.leave()
    throw error
  }
}

/** Nothing else was tried. */
export function unreachable(why = ''): Checked {
  const others = (['list', 'write', 'read', 'sign', 'delete'] as const).map((check) => {
    return skip(check, 'it cannot be reached')
  })
  return { checks: [{ check: 'reach', outcome: 'failed', why }, ...others] }
}

/** Where nothing could be written, nothing is left. */
function withLeftover(checks: Check[], leftover: string | undefined): Checked {
  const written = checks.some(({ check, outcome }) => check === 'write' && outcome === 'ok')
  return leftover === undefined || !written ? { checks } : { checks, leftover }
}

async function checkWritten(ground: Ground, list: Check, write: Check): Promise<Check[]> {
  if (write.outcome !== 'ok') {
    const why = 'nothing could be written'
    return [list, write, skip('read', why), skip('sign', why), skip('delete', why)]
  }
  const paged = list.outcome === 'ok' ? (await trying('list', () => page(ground))).result : list
  const read = (await trying('read', () => readOne(ground))).result
  const sign = await checkSigning(ground)
  const remove = (await trying('delete', () => deleteOne(ground))).result
  return [paged, write, read, sign, remove]
}

async function writeBoth(ground: Ground): Promise<void> {
  for (const name of NAMES) await ground.write(name, name)
}

/** A store that loses keys between pages would lose them from every copy. */
async function page(ground: Ground): Promise<void> {
  const keys: string[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 4; pages++) {
    const one = { prefix: ground.place, limit: 1, cursor, signal: ground.signal }
    const result = await ground.store.list(one)
    keys.push(...result.objects.map(({ key }) => key))
    cursor = result.cursor
    if (cursor === undefined) break
  }
  if (keys.join() === NAMES.map((name) => ground.key(name)).join()) return
  throw wrong(
    ground,
    'lists two keys in pages of one as something else; address it by the scheme of its provider',
  )
}

async function readOne(ground: Ground): Promise<void> {
  if ((await ground.read('one')) !== 'one')
    throw wrong(ground, 'gave other bytes than were written')
}

async function deleteOne(ground: Ground): Promise<void> {
  await ground.delete({ key: ground.key('one') })
  if ((await ground.find('one')) !== undefined) throw wrong(ground, 'still has what was deleted')
}

async function checkSigning(ground: Ground): Promise<Check> {
  const { store } = ground
  if (store.capabilities.presign === null) return skip('sign', 'it signs no URLs')
  const { result, kind } = await trying('sign', async () => {
    const key = ground.key('one')
    const signed = await store.presign({ action: 'get', key, expiresInSeconds: 60 })
    const answer = await sendSigned(ground.client, signed)
    if ((await answer.text()) !== 'one') throw wrong(ground, 'gave other bytes to a signed GET')
  })
  if (store.row.wire === 'file' && kind === 'unavailable') {
    return skip(
      'sign',
      `the local server that honours its URLs is not running: ${result.why ?? ''}`,
    )
  }
  return result
}

async function trying(
  check: CheckName,
  work: () => Promise<void>,
): Promise<{ result: Check; kind?: StorageError['kind'] }> {
  try {
    await work()
    return { result: { check, outcome: 'ok' } }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return { result: { check, outcome: 'failed', why: error.message }, kind: error.kind }
  }
}

function skip(check: CheckName, why: string): Check {
  return { check, outcome: 'skipped', why }
}

function wrong({ store }: Ground, what: string): StorageError {
  return new StorageError('internal', `${store.name} ${what}.`, { store: store.name })
}
