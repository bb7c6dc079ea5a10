// Ids are worth nothing but to their caller, in their workspace, in their time; and nobody can make one.

import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Principal } from '#shared/access/principal.ts'
import type { Purpose } from '#shared/seal.ts'
import { createSeal } from '#shared/seal.ts'
import { openFolders } from '../harness/folders.ts'
import { seeded } from '../seeds.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { expectOk, follow } from './follow.ts'
import { SECRET, everybody, openerOf } from './workspace.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const folders = await openFolders()
afterAll(() => folders.close())
const { open } = openerOf(folders.description)

describe('an upload’s id', () => {
  it('is refused when it is forged, cut short or sealed for another purpose', async () => {
    const { uploads } = open()
    const { id } = await uploads.plan(everybody, { key: 'k', size: 1 })
    const [key, text, proof] = id.split('.') as [string, string, string]
    const other = Buffer.from(JSON.stringify({ key: 'other' })).toString('base64url')
    const mark = createSeal([SECRET]).seal('mark', { workspace: 'app', key: 'k' })
    const forged = [
      ...['', '.', '..', id.slice(0, -1), `${id}x`, `${id}.`, `${key}.${text}`],
      ...[`${key}.${other}.${proof}`, `${key}.${text}.${'A'.repeat(43)}`, `x${id}`, mark],
      ...[createSeal(['some other secret that is long enough']).seal('upload', { key: 'k' })],
      'A'.repeat(10_000),
    ]
    for (const one of forged) {
      for (const use of ['state', 'complete', 'abort', 'parts'] as const) {
        const used = uploads[use](everybody, one, {})
        await expect(used, `${use} of ${one.slice(0, 40)}`).rejects.toMatchObject({
          kind: 'denied',
        })
      }
    }
  })

  it('is good in its own workspace and store alone', async () => {
    const { uploads, place } = open()
    const { id } = await uploads.plan(everybody, { key: 'k', size: 1, method: 'parts' })
    const neighbour = open({ name: 'neighbour', place })
    const elsewhere = open()
    for (const { uploads: others } of [neighbour, elsewhere]) {
      for (const use of ['state', 'complete', 'abort', 'parts'] as const) {
        await expect(others[use](everybody, id, {})).rejects.toMatchObject({ kind: 'denied' })
      }
    }
    expect(await uploads.state(everybody, id)).toMatchObject({ state: 'open' })
  })

  it('is for those who may name its key', async () => {
    const { uploads } = open()
    const ada: Principal = { ...everybody, name: 'ada', prefix: 'users/ada/' }
    const eve: Principal = { ...everybody, name: 'eve', prefix: 'users/eve/' }
    const { id } = await uploads.plan(ada, { key: 'users/ada/k', size: 1 })
    for (const use of ['state', 'complete', 'abort'] as const) {
      await expect(uploads[use](eve, id, {})).rejects.toMatchObject({ rule: 'prefix' })
    }
    expect(await uploads.state(ada, id)).toMatchObject({ state: 'open' })
  })

  it('signs until its term, and completes for a day after it', async () => {
    const soon = open()
    const { place } = soon
    const small = { key: 'k', size: 9, expiresInSeconds: 60 }
    const plan = await soon.uploads.plan(everybody, small)
    const parts = await soon.uploads.plan(everybody, { ...small, key: 'p', method: 'parts' })
    await expectOk(await follow(plan, bytesOf(9)))
    // Parts can be signed as long as they are not swept.
    const later = open({ place, ahead: HOUR })
    await later.uploads.parts(everybody, parts.id, {})
    const last = open({ place, ahead: 8 * DAY })
    const late = expect.stringContaining('expired at')
    const refused = { kind: 'denied', message: late }
    await expect(last.uploads.parts(everybody, parts.id, {})).rejects.toMatchObject(refused)
    await expect(last.uploads.complete(everybody, plan.id, {})).rejects.toMatchObject(refused)
    const inTime = open({ place, ahead: DAY })
    expect(await inTime.uploads.complete(everybody, plan.id, {})).toMatchObject({ size: 9 })
  })

  it('outlives the secret that sealed it by one rotation', async () => {
    const [old, next, last] = ['first secret', 'second secret', 'third secret'].map((s) =>
      s.repeat(4),
    )
    const before = open({ secrets: [old!] })
    const { place } = before
    const plan = await before.uploads.plan(everybody, { key: 'k', size: 9 })
    await expectOk(await follow(plan, bytesOf(9)))
    const gone = open({ place, secrets: [last!] })
    await expect(gone.uploads.complete(everybody, plan.id, {})).rejects.toMatchObject({
      kind: 'denied',
    })
    const rotated = open({ place, secrets: [next!, old!] })
    const object = await rotated.uploads.complete(everybody, plan.id, {})
    const { id } = await rotated.uploads.plan(everybody, { key: 'k2', size: 9 })
    await expect(before.uploads.state(everybody, id)).rejects.toMatchObject({ kind: 'denied' })
    expect(object).toMatchObject({ key: 'k', size: 9 })
  })

  it('cannot be made where no secret is set, and that is said', async () => {
    const { uploads } = open({ secrets: [] })
    const planned = uploads.plan(everybody, { key: 'k', size: 1 })
    await expect(planned).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('SKEIN_SECRET'),
    })
  })

  it('is refused with a sentence when all that it must hold is too long for a URL', async () => {
    const { uploads } = open({ options: { capabilities: { metadata: { maxBytes: 20_000 } } } })
    const metadata = { long: 'x'.repeat(9_000) }
    const planned = uploads.plan(everybody, { key: 'k', size: 1, method: 'parts', metadata })
    await expect(planned).rejects.toMatchObject({ kind: 'too-large' })
  })
})

describe('the seal', () => {
  const purposes: Purpose[] = ['upload', 'mark', 'uppy']
  const payload = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
    maxKeys: 5,
    noNullPrototype: true,
  })
  const secret = fc.string({ minLength: 1, maxLength: 60 })

  it('opens what it sealed, for that purpose, with that secret among others', () => {
    fc.assert(
      fc.property(payload, secret, secret, fc.constantFrom(...purposes), (what, a, b, purpose) => {
        const sealed = createSeal([a]).seal(purpose, what)
        expect(sealed).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
        expect(createSeal([b, a]).open(purpose, sealed)).toEqual(what)
        fc.pre(a !== b)
        for (const other of purposes.filter((one) => one !== purpose)) {
          expect(() => createSeal([a]).open(other, sealed)).toThrow(/no /)
        }
        expect(() => createSeal([b]).open(purpose, sealed)).toThrow(/no /)
      }),
      seeded(),
    )
  })

  it('opens at its place alone, whatever places are called', () => {
    const place = fc.string({ maxLength: 20 })
    fc.assert(
      fc.property(payload, place, place, (what, here, there) => {
        const seal = createSeal([SECRET])
        const sealed = seal.seal('mark', what, here)
        expect(seal.open('mark', sealed, here)).toEqual(what)
        fc.pre(here !== there)
        expect(() => seal.open('mark', sealed, there)).toThrow(/no mark token/)
      }),
      seeded(),
    )
  })

  it('opens nothing in which one character was changed', () => {
    const sealed = createSeal([SECRET]).seal('upload', { key: 'photos/cat.jpg', size: 12 })
    const change = fc.record({
      at: fc.nat(sealed.length - 1),
      to: fc.constantFrom(...Array.from('Az09-_.=+/ ')),
    })
    fc.assert(
      fc.property(change, ({ at, to }) => {
        fc.pre(sealed[at] !== to)
        const changed = sealed.slice(0, at) + to + sealed.slice(at + 1)
        expect(() => createSeal([SECRET]).open('upload', changed)).toThrow(/no upload token/)
      }),
      seeded(),
    )
  })
})
