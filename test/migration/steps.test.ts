// The steps of the cutover and of the way back, killed and done again: the truth moves once, and each ends when the
// store that ceased to be it has been compared as a whole.

import { expect, test } from 'vitest'
import {
  cutOverStep,
  objectionToReturning,
  returnStep,
  standingOf,
} from '#shared/migration/cut-over.ts'
import type { Cursor } from '#shared/migration/parts.ts'
import { textAt } from '../replication/cloud.ts'
import { openPlace, partOf } from './place.ts'

type Opened = Awaited<ReturnType<typeof openPlace>>

/** What the schedule has begun is lost with its process, and is silent by now. */
function forsaken({ waiting, clock }: Opened): void {
  waiting.splice(0)
  clock.ahead += 600_000
}

async function ended(
  opened: Opened,
  step: typeof cutOverStep,
  phase: string,
  begun?: Cursor,
): Promise<void> {
  const { place, context, job } = opened
  let cursor = begun
  for (let round = 0; round < 10; round++) {
    const done = await step(place, context, job, partOf(phase, cursor))
    if (done.cursor === undefined) return
    ;({ cursor } = done)
    forsaken(opened)
  }
  throw new Error(`${phase} does not come to its end`)
}

test('a cutover that is killed and begun again moves the truth once', async () => {
  const opened = await openPlace()
  const { place, context, job, main, west } = opened
  for (const key of ['a', 'b']) await main.put(key, key)
  const first = await cutOverStep(place, context, job, partOf('cutover', undefined, 0))
  expect(first.cursor).toBeDefined()
  expect(await context.switchable!.state()).toMatchObject({ acting: 'west', epoch: 1 })
  forsaken(opened)
  // Its cursor was lost with it.
  await ended(opened, cutOverStep, 'cutover')
  const { acting, epoch, behind } = await context.switchable!.state()
  expect({ acting, epoch }).toEqual({ acting: 'west', epoch: 1 })
  expect(behind['main']?.comparedAt).toBeTypeOf('number')
  for (const key of ['a', 'b']) expect(await textAt(west, key)).toBe(key)
  expect(await standingOf(context)).toMatch(/^Writes of app go to west. Draining: URLs/)
})

test('while the old store is away the cutover waits for it, and the truth has moved', async () => {
  const opened = await openPlace()
  const { place, context, job, main, west, down } = opened
  await main.put('a', 'nowhere else')
  down.add('main')
  const { cursor, delaySeconds } = await cutOverStep(place, context, job, partOf('cutover'))
  expect(delaySeconds).toBeGreaterThan(0)
  expect(await context.switchable!.state()).toMatchObject({ acting: 'west' })
  down.clear()
  forsaken(opened)
  await ended(opened, cutOverStep, 'cutover', cursor)
  expect(await textAt(west, 'a')).toBe('nowhere else')
})

test('a way back that is killed and begun again ends at home, with all that was written', async () => {
  const opened = await openPlace()
  const { place, context, job, main, west } = opened
  await ended(opened, cutOverStep, 'cutover')
  await west.put('a', 'meanwhile')
  const first = await returnStep(place, context, job, partOf('return', undefined, 0))
  expect(first.cursor).toBeDefined()
  forsaken(opened)
  await ended(opened, returnStep, 'return')
  const { acting, behind } = await context.switchable!.state()
  expect(acting).toBe('main')
  expect(behind['west']?.comparedAt).toBeTypeOf('number')
  expect(await textAt(main, 'a')).toBe('meanwhile')
  // Once more does nothing, while what comes late to the other still counts.
  await ended(opened, returnStep, 'return')
  expect(await objectionToReturning(context)).toBeUndefined()
})

test('there is no way back from a store that this migration knows nothing of', async () => {
  const opened = await openPlace()
  const { place, context, job } = opened
  const switchable = { ...context.switchable!, home: 'west' }
  switchable.state = async () => ({
    epoch: 2,
    acting: 'west',
    behind: {},
    settled: {},
    changes: [],
  })
  const back = returnStep(place, { ...context, switchable }, job, partOf('return'))
  await expect(back).rejects.toMatchObject({ kind: 'precondition', retry: 'never' })
  await expect(back).rejects.toThrow('for the way back, migrate from west to main')
})
