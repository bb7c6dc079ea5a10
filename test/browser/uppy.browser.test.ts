// Uppy as it is, in a real browser: its own S3 plugin with nothing but the endpoint that Skein minted, at
// buckets that Skein's own setup made fit for the page.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Store } from '#shared/storage/store.ts'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { RunningSkein } from '../uppy/running-skein.ts'
import { startSkein } from '../uppy/running-skein.ts'
import type { OpenPage } from './chromium.ts'
import { chromiumMissing, openPage, startChromium } from './chromium.ts'
import type { FittedStore } from './fitted-stores.ts'
import { openStores } from './fitted-stores.ts'
import type { UppyFile, UppyResult } from './uppy-page.ts'
import { beginByUppy, loadUppy, uploadByUppy } from './uppy-page.ts'

const TIME_LIMIT_MS = 90_000
const PART = 5 * 1024 * 1024
const SMALL = { name: 'Füße & Co.png', type: 'image/png', size: 70_000, seed: 11 }
const LARGE = { name: 'film.mp4', type: 'video/mp4', size: 12 * 1024 * 1024, seed: 12 }

const missing = chromiumMissing()
if (missing === undefined) await defineUppy()
else it.skip(`Uppy uploads from a page (${missing})`, () => undefined)

async function defineUppy(): Promise<void> {
  const stores = await openStores(inject('servers'))
  const present = stores.filter((one) => 'store' in one)
  const skein = await startSkein(Object.fromEntries(present.map((s) => [s.name, s.entry])))
  const browser = await startChromium()
  const app = await openPage(browser)
  afterAll(async () => {
    await app.close()
    await browser.close()
    await skein.close()
    for (const one of present) await one.close()
  })
  for (const one of stores) {
    const title = `Uppy and ${one.name}`
    if ('missing' in one) {
      it.skip(`${title} (${one.missing})`, () => undefined)
      continue
    }
    describe(title, { timeout: TIME_LIMIT_MS }, () => {
      const { row, capabilities } = one.store
      beforeAll(async () => {
        await one.fit?.(app.origin)
        await loadUppy(app.page)
      })
      if (row.wire === 'azure') return defineRefusal(one, skein, app.page)
      if (capabilities.presign!.actions.includes('form')) defineForm(one, skein, app.page)
      else defineFormless(one, skein, app.page)
      defineParts(one, skein, app)
    })
  }
}

function defineForm(one: FittedStore, skein: RunningSkein, page: Page): void {
  const { name, store } = one

  it('sends a small file as a form, which the application may ask for', async () => {
    const endpoint = await skein.mint(name)
    const meta = { photographer: 'Ännchen', relativePath: 'a/b' }
    const file = { ...SMALL, endpoint, meta, multipart: false, finish: true }
    const result = await upload(page, file)
    showsProgress(result, SMALL.size)
    const { key = '' } = result.body ?? {}
    expect(key).toMatch(/^[0-9a-f-]{36}-Füße & Co\.png$/)
    const info = await holds(one, key, SMALL)
    expect(info.metadata).toMatchObject({ photographer: 'Ännchen', name: SMALL.name })
  })

  it('sends a form whose object the queue completes when the application says nothing', async () => {
    const endpoint = await skein.mint(name)
    const before = await keysOf(store, SMALL.name)
    const sent = skein.queued.length
    const { body } = await upload(page, { ...SMALL, endpoint, multipart: false })
    expect(body?.key).toContain('.skein/staging/')
    expect(await keysOf(store, SMALL.name)).toEqual(before)
    expect(await skein.work(skein.queued[sent]!.task)).toEqual([{ result: 'done' }])
    const added = (await keysOf(store, SMALL.name)).filter((key) => !before.includes(key))
    expect(added).toHaveLength(1)
    await holds(one, added[0]!, SMALL)
  })

  it('sends a file without a byte', async () => {
    const endpoint = await skein.mint(name)
    const empty = { ...SMALL, name: 'empty', size: 0 }
    const { body } = await upload(page, { ...empty, endpoint, multipart: false, finish: true })
    await holds(one, body?.key ?? '', empty)
  })
}

async function keysOf(store: Store, fileName: string): Promise<string[]> {
  const { objects } = await store.list()
  return objects.map(({ key }) => key).filter((key) => key.endsWith(`-${fileName}`))
}

function defineFormless({ name }: FittedStore, skein: RunningSkein, page: Page): void {
  it('has no forms, and says what to set', async () => {
    const endpoint = await skein.mint(name)
    const { error } = await page.evaluate(uploadByUppy, { ...SMALL, endpoint, multipart: false })
    expect(error).toMatch(/Companion request failed/)
    const answer = await fetch(`${endpoint}/s3/params?filename=a`)
    expect(answer.status).toBe(422)
    expect(await answer.text()).toContain('shouldUseMultipart: true')
  })
}

function defineRefusal({ name }: FittedStore, skein: RunningSkein, page: Page): void {
  it('is refused, with the way that does work', async () => {
    const endpoint = await skein.mint(name)
    const { error } = await page.evaluate(uploadByUppy, { ...SMALL, endpoint, multipart: true })
    expect(error).toMatch(/Companion request failed/)
    const answer = await fetch(`${endpoint}/s3/multipart`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ filename: 'a' }),
    })
    expect(answer.status).toBe(422)
    expect(await answer.text()).toContain("Skein's own client")
  })
}

function defineParts(one: FittedStore, skein: RunningSkein, app: OpenPage): void {
  const { name } = one

  it('sends a large file in parts, and is told the key when all of it has passed', async () => {
    const endpoint = await skein.mint(name)
    const result = await upload(app.page, { ...LARGE, endpoint, multipart: true })
    expect(result.parts).toEqual([1, 2, 3])
    showsProgress(result, LARGE.size)
    expect(new Set(result.progress.map(({ uploaded }) => uploaded)).size).toBeGreaterThanOrEqual(3)
    const { key = '', location = '' } = result.body ?? {}
    expect(location).toBe(`${skein.url}/v1/${name}/download?key=${encodeURIComponent(key)}`)
    await holds(one, key, LARGE)
  })

  it('sends a small file as one part', async () => {
    const endpoint = await skein.mint(name)
    const { body } = await upload(app.page, { ...SMALL, endpoint, multipart: true })
    await holds(one, body?.key ?? '', SMALL)
  })

  it('goes on after a reload with the parts that are not there yet', async () => {
    const endpoint = await skein.mint(name)
    const file = { ...LARGE, endpoint, multipart: true }
    await app.page.evaluate(beginByUppy, file)
    await app.page.reload()
    await loadUppy(app.page)
    const result = await upload(app.page, { ...file, resume: true })
    expect(result.parts).toEqual([2, 3])
    expect(result.progress[0]?.uploaded).toBeGreaterThanOrEqual(PART)
    await holds(one, result.body?.key ?? '', LARGE)
  })
}

async function upload(page: Page, file: UppyFile): Promise<UppyResult> {
  const result = await page.evaluate(uploadByUppy, file)
  expect(result.error).toBeUndefined()
  return result
}

/** Rising, and to the end. */
function showsProgress({ progress }: UppyResult, size: number): void {
  const uploaded = progress.map((one) => one.uploaded)
  expect(uploaded.at(-1)).toBe(size)
  expect(uploaded).toEqual(uploaded.toSorted((a, b) => a - b))
}

async function holds({ name, store }: FittedStore, key: string, file: typeof SMALL) {
  const { info, body } = await store.get(key)
  sameBytes(await readAll(body), bytesOf(file.size, file.seed), `${name} ${key}`)
  expect(info.contentType).toBe(file.type)
  return info
}
