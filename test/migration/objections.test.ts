// Each reason for which a workspace is not cut over, in its own sentence.

import { expect, test } from 'vitest'
import type { Phase } from '#shared/jobs/job.ts'
import { objectionToCutOver, objectionToLeaving } from '#shared/migration/cut-over.ts'
import type { MigrateInput } from '#shared/migration/input.ts'
import { INPUT, openPlace } from './place.ts'

const VERIFIED = [phase('copy', { copied: 3 }), phase('verify', { objects: 3 })]

function phase(name: string, tally: Phase['tally']): Phase {
  return { name, parts: 1, ended: [0], began: '2026-11-21T12:00:00Z', ...(tally && { tally }) }
}

async function open() {
  const place = await openPlace()
  const ask = (phases: readonly Phase[] = VERIFIED, input: MigrateInput = INPUT) =>
    objectionToCutOver(place.context, { ...place.job, phases, input })
  return { ...place, ask }
}

test('there is none when all is verified, and what changed since is on its way', async () => {
  const { ask } = await open()
  expect(await ask()).toBeUndefined()
  expect(await ask([...VERIFIED.slice(0, 1), phase('verify', { behind: 2 })])).toBeUndefined()
})

test.each([
  ['is wrong', phase('copy', {}), phase('verify', { wrong: 2 }), '2 objects were found wrong'],
  [
    'could not be copied',
    phase('copy', { failed: 1 }),
    phase('verify', { behind: 1 }),
    '1 object could not be copied',
  ],
  ['is not verified', phase('verify', {}), phase('copy', {}), 'nothing has been verified'],
])('not while something %s', async (_, first, second, sentence) => {
  const { ask } = await open()
  expect(await ask([first, second])).toContain(sentence)
})

test('not while a change is late, or was given up', async () => {
  const { ask, replication, clock } = await open()
  const fields = { workspace: 'app', key: 'a', to: 'west', at: 'main', since: Date.now() }
  await replication.failed(fields, { attempt: 3, reason: 'west is slow.', givenUp: false })
  expect(await ask()).toBeUndefined()
  clock.ahead = 45_000
  expect(await ask()).toContain('at most 30 seconds are allowed (maxLagSeconds)')
  expect(await ask(VERIFIED, { ...INPUT, maxLagSeconds: 60 })).toBeUndefined()
  await replication.failed(fields, { attempt: 12, reason: 'west is full.', givenUp: true })
  expect(await ask()).toContain('1 change to west was given up')
})

test('not to a store that does not answer', async () => {
  const { ask, down } = await open()
  down.add('west')
  expect(await ask()).toBe('west is down.')
})

test('not while an earlier move is not through, nor twice', async () => {
  const { ask, replication, context } = await open()
  expect(await objectionToLeaving(context)).toContain('go to main, not to west; cut it over first')
  await replication.failOver({ to: 'west' }, 'tests')
  expect(await ask()).toBe('west takes the writes of app already.')
  expect(await objectionToLeaving(context)).toContain('may write to main until')
  await replication.failOver({ to: 'main' }, 'tests')
  expect(await ask()).toContain('has moved before and is not through with it')
})

test('a dry run is not cut over, and places have nothing to switch', async () => {
  const { ask, context } = await open()
  expect(await ask(VERIFIED, { ...INPUT, dryRun: true })).toContain('it is a dry run')
  context.switchable = undefined
  expect(await ask()).toContain("are not Skein's to switch")
})
