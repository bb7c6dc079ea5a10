// Every key that a store can hold can be uploaded to, by a plan and by the event of its arrival; and the id says
// the very key that was asked for.

import * as fc from 'fast-check'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { keyProblem } from '#shared/storage/keys.ts'
import { seeded } from '../seeds.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { expectOk, follow } from './follow.ts'
import { describeStores } from './stores.ts'
import { everybody, openerOf } from './workspace.ts'

const RUNS = 15

const stores = await describeStores(inject('servers'))
afterAll(() => stores.close())

const piece = fc.oneof(
  fc.constantFrom(
    'a',
    'B',
    ' ',
    '+',
    '%2F',
    '%',
    '//',
    '/',
    '.',
    '~',
    '?',
    '#',
    '&',
    "'",
    '"',
    '\\',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
)
const key = fc
  .array(piece, { minLength: 1, maxLength: 12 })
  .map((pieces) => pieces.join(''))
  .filter((one) => keyProblem(one, 900) === undefined && !one.startsWith('.skein/'))

for (const description of stores.described) {
  const { open } = openerOf(description)
  describe(`keys in ${description.name}`, { timeout: 120_000 }, () => {
    it.each(['needed', 'always'] as const)(
      'all arrive where they should (staging: %s)',
      async (staging) => {
        await fc.assert(
          fc.asyncProperty(key, async (one) => {
            const { uploads, store, reserved } = open({ rules: { staging } })
            const plan = await uploads.plan(everybody, { key: one, size: 3 })
            expect(plan.key).toBe(one)
            await expectOk(await follow(plan, bytesOf(3)))
            const [staged] = (await reserved.list({ prefix: '.skein/staging/' })).objects
            const arrival = await uploads.arrived(store.name, staged?.key ?? one)
            expect(arrival).toMatchObject({ became: 'completed', object: { key: one, size: 3 } })
            expect((await store.list()).objects.map((object) => object.key)).toEqual([one])
          }),
          { ...seeded(), numRuns: RUNS },
        )
      },
    )
  })
}
