// What a migration does to each object: copied, compared, replaced with the old one kept, left, or taken away again;
// what it may cost; and how it rests when a store gives out.

import { expect, test } from 'vitest'
import { memoryStore } from '../workspaces/workspace-of.ts'
import { fill, openMoving, textAt, textsOf } from './moving.ts'

const texts = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`folder-${i % 7}/k${i}`, `text ${i}`]),
  )

const stores = () => ({ from: memoryStore('from'), to: memoryStore('to') })

test('everything arrives, is verified, and rests', async () => {
  const { from, to } = stores()
  await fill(from, texts(300))
  const moving = openMoving({ from, to })
  const { state } = await moving.move()
  expect(state).toBe('ready')
  expect(await textsOf(to)).toEqual(texts(300))
  expect(await moving.tally('copy')).toMatchObject({ objects: 300, copied: 300 })
  expect(await moving.tally('verify')).toMatchObject({ objects: 300, 'verified.attested': 300 })
  const again = await moving.command('start')
  expect(again.state).toBe('ready')
  expect(await moving.tally('copy')).toMatchObject({ objects: 300, same: 300 })
})

test('what is there and the same is taken over, what is something else is replaced and kept aside', async () => {
  const { from, to } = stores()
  await fill(from, { same: 'one', other: 'two', longer: 'three', new: 'four' })
  await fill(to, { same: 'one', other: 'xxx', longer: 'x', theirs: 'stays' })
  const moving = openMoving({ from, to })
  expect((await moving.move()).state).toBe('ready')
  expect(await textsOf(to)).toEqual({
    ...{ same: 'one', other: 'two', longer: 'three', new: 'four', theirs: 'stays' },
  })
  expect(await moving.tally('copy')).toMatchObject({
    ...{ objects: 4, compared: 1, copied: 3, replaced: 2 },
  })
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ same: 'one', other: 'xxx', longer: 'x', theirs: 'stays' })
  expect(await moving.tally('undo')).toEqual({ removed: 1, restored: 2 })
})

test('something else is left where that is asked for, and told of', async () => {
  const { from, to } = stores()
  await fill(from, { other: 'two', new: 'four' })
  await fill(to, { other: 'xxx' })
  const moving = openMoving({ from, to })
  expect((await moving.move({ existing: 'keep' })).state).toBe('ready')
  expect(await textsOf(to)).toEqual({ other: 'xxx', new: 'four' })
  expect(await moving.tally('copy')).toMatchObject({ objects: 2, copied: 1, kept: 1 })
  expect(await moving.tally('verify')).toMatchObject({ kept: 1 })
  expect(await moving.notes('left')).toMatchObject([{ key: 'other' }])
})

test('a later pass moves what changed, and takes away what it brought and the source has lost', async () => {
  const { from, to } = stores()
  await fill(from, { a: '1', b: '2', c: '3' })
  await fill(to, { d: 'theirs', c: '3' })
  const moving = openMoving({ from, to })
  await moving.move()
  await fill(from, { a: 'changed', e: 'new' })
  await from.delete(['b', 'c'])
  await moving.command('start')
  // `c` was there before, so it is not this migration's to delete.
  expect(await textsOf(to)).toEqual({ a: 'changed', e: 'new', d: 'theirs', c: '3' })
  expect(await moving.tally('copy')).toMatchObject({ objects: 2, copied: 2, deleted: 1 })
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ d: 'theirs', c: '3' })
})

test('an object that was there before and then changed at the source is kept aside before it is replaced', async () => {
  const { from, to } = stores()
  await fill(from, { a: 'same' })
  await fill(to, { a: 'same' })
  const moving = openMoving({ from, to })
  await moving.move()
  await fill(from, { a: 'newer' })
  await moving.command('start')
  expect(await textsOf(to)).toEqual({ a: 'newer' })
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ a: 'same' })
})

test('what it brought, replaced and lost is put back', async () => {
  const { from, to } = stores()
  await fill(from, { a: 'mine' })
  await to.put('a', 'theirs', { contentType: 'text/x-theirs', metadata: { colour: 'blue' } })
  const moving = openMoving({ from, to })
  await moving.move()
  await from.delete('a')
  await moving.command('start')
  expect(await textsOf(to)).toEqual({})
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ a: 'theirs' })
  expect(await to.head('a')).toMatchObject({
    ...{ contentType: 'text/x-theirs', metadata: { colour: 'blue' } },
  })
  expect((await to.reserved().list({ prefix: '.skein/migration/' })).objects).toEqual([])
})

test('what somebody changed since is left by a rollback, and told of', async () => {
  const { from, to } = stores()
  await fill(from, { a: '1', b: '2', c: '3' })
  await fill(to, { b: 'before' })
  const moving = openMoving({ from, to })
  await moving.move()
  await fill(to, { a: 'somebody', b: 'somebody' })
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ a: 'somebody', b: 'somebody' })
  expect(await moving.tally('undo')).toEqual({ removed: 1, left: 2 })
  const left = await moving.notes('left')
  expect(left.map(({ key }) => key)).toEqual(['a', 'b'])
  expect(left[1]!['why']).toMatch(/kept under \.skein\/migration\//)
})

test('a selection is all that is moved', async () => {
  const { from, to } = stores()
  await fill(from, {
    'a/1.txt': 'x',
    'a/2.tmp': 'x',
    'b/3.txt': 'x',
    'b/large.txt': 'x'.repeat(50),
  })
  const moving = openMoving({ from, to })
  await moving.move({ include: ['*.txt'], maxBytes: 10 })
  expect(Object.keys(await textsOf(to))).toEqual(['a/1.txt', 'b/3.txt'])
  expect(await moving.tally('verify')).toMatchObject({ objects: 2 })
})

test('below a prefix, to another prefix', async () => {
  const { from, to } = stores()
  await fill(from, { 'a/1': 'x', 'a/2': 'y', 'b/3': 'z' })
  await fill(to, { 'kept/1': 'before' })
  const moving = openMoving({ from, to })
  await moving.move({ from: { store: 'from', base: 'a/' }, to: { store: 'to', base: 'kept/' } })
  expect(await textsOf(to)).toEqual({ 'kept/1': 'x', 'kept/2': 'y' })
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ 'kept/1': 'before' })
})

test('steps may be as short as can be: nothing is done twice or counted twice', async () => {
  const { from, to } = stores()
  await fill(from, texts(25))
  await fill(to, { 'folder-1/k1': 'other' })
  const moving = openMoving({ from, to, stepSeconds: 0 })
  expect((await moving.move()).state).toBe('ready')
  expect(await textsOf(to)).toEqual(texts(25))
  expect(await moving.tally('copy')).toMatchObject({ objects: 25, copied: 25, replaced: 1 })
  await moving.command('rollback')
  expect(await textsOf(to)).toEqual({ 'folder-1/k1': 'other' })
})

test('the source is cleared only of what was proven, after its grace', async () => {
  const { from, to } = stores()
  let ahead = 0
  const now = () => Date.now() + ahead
  await fill(from, { a: '1', b: '2', c: '3', d: '4' })
  const moving = openMoving({ from, to, now })
  await moving.move()
  const early = await moving.command('cleanup')
  expect(early).toMatchObject({ state: 'ready' })
  expect(early.why).toMatch(/^Nothing was removed: the source stays as it is until/)
  await fill(from, { b: 'changed', e: 'new' })
  await to.delete('c')
  ahead = 8 * 86_400_000
  expect((await moving.command('cleanup')).state).toBe('done')
  expect(await textsOf(from)).toEqual({ b: 'changed', c: '3', e: 'new' })
  expect(await textsOf(to)).toEqual({ a: '1', b: '2', d: '4' })
  expect(await moving.tally('cleanup')).toMatchObject({ removed: 2, 'removed.bytes': 2, left: 3 })
})

test('nothing is cleared while something is wrong', async () => {
  const { from, to } = stores()
  await fill(from, { a: '1' })
  const moving = openMoving({ from, to })
  await moving.plan({ graceSeconds: 0 })
  expect((await moving.command('cleanup')).why).toMatch(/nothing has been verified/)
  expect(await textAt(from, 'a')).toBe('1')
})
