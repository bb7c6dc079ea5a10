// `skein migrate` over folders: what it refuses before anything is looked at, plans that were changed, progress for
// machines, one that is paused and taken up again, the clean-up, and pages.

import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { PlanFile } from '../../functions/node/commands/migrate-door.ts'
import type { MigrationReport } from '#shared/migration/report.ts'
import type { SignedReport } from '#shared/jobs/signed-report.ts'
import { openHouse } from '../migration/house.ts'
import { newSkein } from './skein.ts'

/** A suite elsewhere is looked at once a second. */
vi.setConfig({ testTimeout: 60_000 })

async function open(count = 3) {
  const skein = await newSkein()
  await mkdir(join(skein.folder, 'old'))
  await mkdir(join(skein.folder, 'new'))
  for (let i = 0; i < count; i++) await writeFile(join(skein.folder, 'old', `k${i}`), `body ${i}`)
  const stores = { old: 'file:./old', new: 'file:./new' }
  await writeFile(
    join(skein.folder, 'skein.json'),
    JSON.stringify({ stores, secrets: ['a secret of at least thirty-two characters'] }),
  )
  return skein
}

const PLAN = ['migrate', 'plan', '--from', 'old', '--to', 'new'] as const

const files = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.startsWith('k')).toSorted()

test('planned, started, reported, checked offline, and cleaned up', async () => {
  const skein = await open()
  const page = join(skein.folder, 'plan.html')
  const plan = await skein(...PLAN, '--grace', '0s', '--save', 'plan.json', '--html', page)
  expect(plan.code).toBe(0)
  expect(plan.out).toContain('3 of 3 objects are to be brought from old to new')
  expect(await readFile(page, 'utf8')).toContain('<h1>Plan: old to new</h1>')
  expect(await files(join(skein.folder, 'new'))).toEqual([])
  const started = await skein('migrate', 'start', 'plan.json', '--progress', 'json', '--json')
  expect(started.code).toBe(0)
  const lines = started.err.split('\n').filter((line) => line.startsWith('{"job"'))
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ ofObjects: 3, ofBytes: 18 })
  const { report } = JSON.parse(started.out) as SignedReport<MigrationReport>
  expect(report).toMatchObject({ standing: 'verified', moved: { objects: 3, bytes: 18 } })
  const saved = await skein('migrate', 'report', 'plan.json', '--save', 'report.json')
  expect(saved.code).toBe(0)
  expect((await skein('verify', '--report', 'report.json')).out).toContain('as it was signed')
  const shown = await skein('migrate', 'cleanup', 'plan.json')
  expect(shown.out).toContain('3 objects at the source would be looked at again')
  expect(await files(join(skein.folder, 'old'))).toHaveLength(3)
  const cleaned = await skein('migrate', 'cleanup', 'plan.json', '--yes')
  expect(cleaned.code).toBe(0)
  expect(await files(join(skein.folder, 'old'))).toEqual([])
  expect(await files(join(skein.folder, 'new'))).toEqual(['k0', 'k1', 'k2'])
  const back = await skein('migrate', 'rollback', 'plan.json')
  expect(back.code).toBe(1)
  expect(back.out).toContain('there is nothing to go back to')
})

test('the source is not cleaned up before its time', async () => {
  const skein = await open()
  await skein(...PLAN, '--save', 'plan.json')
  await skein('migrate', 'start', 'plan.json')
  const early = await skein('migrate', 'cleanup', 'plan.json', '--yes')
  expect(early.code).toBe(1)
  expect(early.out).toContain('the source stays as it is until')
  expect(await files(join(skein.folder, 'old'))).toHaveLength(3)
})

test('a plan that somebody has changed is not started', async () => {
  const skein = await open()
  await skein(...PLAN, '--save', 'plan.json')
  const path = join(skein.folder, 'plan.json')
  const file = JSON.parse(await readFile(path, 'utf8')) as PlanFile
  const plan = { ...file.plan, totals: { ...file.plan.totals, onceUsd: '0.01' } }
  await writeFile(path, JSON.stringify({ ...file, plan }))
  const started = await skein('migrate', 'start', 'plan.json')
  expect(started.code).toBe(2)
  expect(started.err).toContain('The plan was changed after it was made')
  expect(await files(join(skein.folder, 'new'))).toEqual([])
})

test('a dry run names each object and leaves nothing to start', async () => {
  const skein = await open()
  await writeFile(join(skein.folder, 'new', 'k1'), 'something else')
  const dry = await skein(...PLAN, '--dry-run')
  expect(dry.out).toMatch(/^copy +k0\nreplace +k1\ncopy +k2\n/)
  const id = /migrate-\S+/.exec(dry.out)![0]
  const started = await skein('migrate', 'start', id, '--records', 'new')
  expect(started.code).not.toBe(0)
  expect(await files(join(skein.folder, 'new'))).toEqual(['k1'])
})

test.each([
  [['migrate', 'plan', '--from', 'old'], 'Say what moves where'],
  [['migrate', 'plan', '--from', 'old', '--to', 'old'], 'lie within one another'],
  [[...PLAN, '--max-requests', 'many'], '--max-requests takes a number above 0'],
  [[...PLAN, '--existing', 'burn'], '--existing takes replace or keep'],
  [[...PLAN, '--grace', 'soon'], '--grace takes a time'],
  [[...PLAN, '--progress', 'loud'], '--progress takes bar, json or none'],
  [['migrate', 'plan', 'nobody', '--to', 'new'], 'There is no workspace "nobody"'],
  [['migrate', 'start', 'lost.json'], 'There is no file lost.json'],
  [['migrate', 'start', 'skein.json'], 'is no plan of a migration'],
  [['migrate', 'start', 'migrate-1', '--records', 'new'], 'There is no job "migrate-1"'],
  [['migrate', 'status', 'migrate-1'], 'Give the file of the plan'],
])('%j is refused with a sentence', async (args, sentence) => {
  const skein = await open()
  const { code, err } = await skein(...args)
  expect(code).toBeGreaterThan(0)
  expect(err).toContain(sentence)
  expect(err).not.toContain('    at ')
})

test('the same words have a suite that runs elsewhere move its workspace', async () => {
  const house = await openHouse()
  for (const key of ['a', 'b', 'c']) await house.stores.main.put(key, `body of ${key}`)
  const skein = await newSkein({ SKEIN_TOKEN: house.token })
  const there = ['--workspace', 'app', '--endpoint', house.url]
  const places = ['--from', 'main', '--to', 'west', '--endpoint', house.url]
  const plan = await skein('migrate', 'plan', 'app', ...places, '--save', 'plan.json')
  expect(plan).toMatchObject({ code: 0, out: expect.stringContaining('3 of 3 objects') as string })
  const started = await skein('migrate', 'start', 'plan.json', ...there, '--progress', 'none')
  expect(started.out).toContain('All 3 objects that can be moved are proven to be at west')
  const id = /migrate-\S+/.exec(started.out)![0]
  expect((await skein('migrate', 'status', id, ...there)).out).toMatch(/State +ready/)
  const cutover = await skein('migrate', 'cutover', id, ...there)
  expect(cutover).toMatchObject({ code: 0 })
  expect(cutover.out).toMatch(/Writes go to +west, epoch 1/)
  const page = await fetch(`${house.url}/v1/app/jobs/${id}/report`, {
    headers: { authorization: `Bearer ${house.token}`, accept: 'text/html' },
  })
  expect(await page.text()).toContain('<h1>Migration: main to west</h1>')
  const back = await skein('migrate', 'rollback', id, ...there)
  expect(back.out).toMatch(/Stands +rolled-back/)
})
