// What a plan says of its enforcement is true. Each constraint is broken: `signed` means that the provider itself
// refuses the request, `verified` that completion refuses what came, sets it aside with the reason, and leaves the key
// as it was.

import { afterAll, describe, expect, inject, it } from 'vitest'
import type { Enforcement, UploadPlan, UploadRequest } from '#shared/client/protocol.ts'
import { digestOf } from '#shared/wire/digest.ts'
import { bytesOf, checksumOf, readAll, sameBytes } from '../suites/storage/content.ts'
import { expectOk, follow, isRefused } from './follow.ts'
import { describeStores } from './stores.ts'
import type { OpenedUploads, Opener } from './workspace.ts'
import { everybody, openerOf } from './workspace.ts'

const SIZE = 1_000
const GOOD = bytesOf(SIZE, 1)
const PNG = 'image/png'

type Constraint = 'size' | 'type' | 'checksum' | 'overwrite'
const CONSTRAINTS: readonly Constraint[] = ['size', 'type', 'checksum', 'overwrite']

/** What is sent instead. */
const BREAKS: Record<Constraint, { bytes: Uint8Array<ArrayBuffer>; type?: string }> = {
  size: { bytes: bytesOf(SIZE + 1, 1) },
  type: { bytes: GOOD, type: 'text/html' },
  checksum: { bytes: bytesOf(SIZE, 2) },
  overwrite: { bytes: GOOD },
}

const stores = await describeStores(inject('servers'))
afterAll(() => stores.close())

for (const { name, reason } of stores.missing) it.skip(`${name} (${reason})`, () => undefined)
for (const description of stores.described) {
  const { harness, open } = openerOf(description)
  const { actions, checksums, enforces } = harness.capabilities.presign!
  describe(description.name, { timeout: 60_000 }, () => {
    defineBreaks(open, 'a PUT', {})
    defineBreaks(open, 'a PUT that only creates', { ifAbsent: true })
    defineBreaks(open, 'a PUT with a digest', { checksum: checksumOf('sha256', GOOD) })
    defineBreaks(open, 'a PUT with an MD5', { checksum: checksumOf('md5', GOOD), ifAbsent: true })
    if (actions.includes('form')) {
      defineBreaks(open, 'a form', { method: 'form', checksum: checksumOf('md5', GOOD) })
      defineBreaks(open, 'a form that only creates', { method: 'form', ifAbsent: true })
    }
    if (actions.includes('resumable')) {
      defineBreaks(open, 'a session', { method: 'resumable', ifAbsent: true })
      const checksum = checksumOf('crc32c', GOOD)
      defineBreaks(open, 'a session with a digest', { method: 'resumable', checksum })
    }
    defineDemands(open)
    it.each([...checksums])('a signed %s is never too much to verify', async (algorithm) => {
      const { uploads } = open({ rules: { verifyBytes: 0 } })
      const checksum = { algorithm, value: digestOf(algorithm, GOOD) }
      const plan = await uploads.plan(everybody, { key: 'k', size: SIZE, checksum })
      expect(plan.enforced.checksum).toBe('signed')
      await expectOk(await follow(plan, GOOD))
      expect(await uploads.complete(everybody, plan.id, {})).toMatchObject({ checksum })
    })
    it('says as much as the provider can', async () => {
      const { uploads } = open()
      const [algorithm] = checksums
      const checksum = algorithm && checksumOf(algorithm, GOOD)
      const asked = { key: 'k', size: SIZE, contentType: PNG, checksum }
      const { enforced } = await uploads.plan(everybody, asked)
      const of = (constraint: Constraint): Enforcement =>
        enforces.includes(constraint) ? 'signed' : 'verified'
      expect(enforced).toEqual({
        size: of('size'),
        type: of('type'),
        checksum: checksum ? of('checksum') : 'open',
        overwrite: 'open',
      })
    })
  })
}

function defineDemands(open: Opener): void {
  it('shows nothing that the workspace forbids, even of a sender who leaves the mark out', async () => {
    const { uploads, store } = open({ rules: { types: [PNG], maxBytes: SIZE } })
    const asked = { key: 'demanded.png', size: SIZE, contentType: PNG, ifAbsent: true }
    const plan = await uploads.plan(everybody, asked)
    const { url, method, headers } = plan.request!
    const kept = Object.entries(headers).filter(([name]) => !/skein_upload|^content-/.test(name))
    const sent = { ...Object.fromEntries(kept), ...typeHeaders(plan, 'text/html') }
    await fetch(url, { method, headers: sent, body: bytesOf(2 * SIZE) })
    expect(await store.find('demanded.png')).toBeUndefined()
  })
}

function defineBreaks(open: Opener, title: string, more: Partial<UploadRequest>): void {
  it(`holds ${title} to what the plan says`, async () => {
    const opened = open()
    const { uploads, store } = opened
    const asked = { size: SIZE, contentType: PNG, ...more }
    const { enforced } = await uploads.plan(everybody, { key: 'looked-at', ...asked })
    for (const constraint of CONSTRAINTS.filter((one) => enforced[one] !== 'open')) {
      const key = `${constraint}.png`
      const plan = await uploads.plan(everybody, { key, ...asked })
      const before = constraint === 'overwrite' ? await store.put(key, 'first') : undefined
      const signed = plan.enforced[constraint] === 'signed'
      expect({ constraint, ...(await broken(opened, plan, constraint)) }).toEqual({
        constraint,
        ...(signed ? REFUSED_BY_PROVIDER : refusedByCompletion(constraint)),
      })
      expect((await store.find(key))?.etag).toBe(before?.etag)
    }
  })
}

interface Seen {
  provider: 'takes it' | 'refuses'
  completion: string
  /** What is kept of it. */
  aside?: { bytes: 'as sent'; reason: string }
}

const REFUSED_BY_PROVIDER: Seen = { provider: 'refuses', completion: 'not-found' }

const KIND: Record<Constraint, string> = {
  size: 'invalid',
  type: 'invalid',
  checksum: 'corrupt',
  overwrite: 'exists',
}

function refusedByCompletion(constraint: Constraint): Seen {
  const reason: unknown = expect.stringMatching(/announced and .* arrived|was to be free/)
  const aside = { bytes: 'as sent', reason: reason as string } as const
  return { provider: 'takes it', completion: KIND[constraint], aside }
}

/** Sends what breaks the constraint, completes, and tells what became of it. */
async function broken(
  { uploads, reserved }: OpenedUploads,
  plan: UploadPlan,
  constraint: Constraint,
): Promise<Seen> {
  const { bytes, type } = BREAKS[constraint]
  const answer = await follow(plan, bytes, type === undefined ? {} : typeHeaders(plan, type))
  const provider = (await isRefused(answer)) ? 'refuses' : 'takes it'
  const error = await uploads.complete(everybody, plan.id, {}).then(
    () => ({ kind: 'accepted' }),
    (e: unknown) => e as { kind: string; quarantine?: string },
  )
  const staged = (await reserved.list({ prefix: '.skein/staging/' })).objects
  const completion = staged.length === 0 ? error.kind : `${error.kind}, and staged still`
  if (!('quarantine' in error) || !error.quarantine) return { provider, completion }
  const { info, body } = await reserved.get(error.quarantine)
  sameBytes(await readAll(body), bytes)
  const reason = info.metadata['skein_reason'] ?? ''
  return { provider, completion, aside: { bytes: 'as sent', reason } }
}

/** The header, or the field, that the type travels in, whatever the provider calls it. */
function typeHeaders({ request }: UploadPlan, type: string): Record<string, string> {
  const names = Object.keys({ ...request?.headers, ...request?.fields })
  return Object.fromEntries(
    names.filter((name) => /^(x-ms-blob-)?content-type$/i.test(name)).map((name) => [name, type]),
  )
}
