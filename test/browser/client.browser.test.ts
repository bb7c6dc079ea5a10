// Skein's own client in a real browser: uploads to every kind of store from a page of another origin, tells
// its progress, and goes on after a reload with what has not arrived.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bytesOf, readAll, sameBytes } from '../suites/storage/content.ts'
import type { RunningSkein } from '../uppy/running-skein.ts'
import { startSkein } from '../uppy/running-skein.ts'
import type { OpenPage } from './chromium.ts'
import { chromiumMissing, openPage, startChromium } from './chromium.ts'
import type { ClientFile } from './client-page.ts'
import { loadClient, uploadByClient } from './client-page.ts'
import type { FittedStore } from './fitted-stores.ts'
import { openStores } from './fitted-stores.ts'

const TIME_LIMIT_MS = 90_000
const MiB = 1024 * 1024
const PART = 5 * MiB
const SMALL = { type: 'image/png', size: 70_000, seed: 21 }
const LARGE = { type: 'video/mp4', size: 13 * MiB, seed: 22 }
/** Cloud Storage's refusals cannot be read by a page, so there each is tried again. */
const PATIENCE = { attempts: 3, delaySeconds: 0.05, maxDelaySeconds: 0.1 }
const transfer = { partSize: PART, multipartThreshold: PART }

/** One after another, so that the first is there when the second is sent. */
const LEFT_HALF_WAY = { resume: true, concurrency: 1, chunkBytes: PART }

const missing = chromiumMissing()
if (missing === undefined) await defineClient()
else it.skip(`the client uploads from a page (${missing})`, () => undefined)

async function defineClient(): Promise<void> {
  const stores = await openStores(inject('servers'))
  const present = stores.filter((one) => 'store' in one)
  const entries = Object.fromEntries(present.map(({ name, entry }) => [name, entry]))
  const browser = await startChromium()
  const app = await openPage(browser)
  const skein = await startSkein(entries, { origins: [app.origin], transfer })
  afterAll(async () => {
    await app.close()
    await browser.close()
    await skein.close()
    for (const one of present) await one.close()
  })
  for (const one of stores) {
    const title = `the client and ${one.name}`
    if ('missing' in one) {
      it.skip(`${title} (${one.missing})`, () => undefined)
      continue
    }
    describe(title, { timeout: TIME_LIMIT_MS }, () => {
      beforeAll(async () => {
        await one.fit?.(app.origin)
        await loadClient(app.page)
      })
      defineUploads(one, skein, app)
    })
  }
}

function defineUploads(one: FittedStore, skein: RunningSkein, app: OpenPage): void {
  const { url: endpoint, token } = skein
  const client = { endpoint, workspace: one.name, token, patience: PATIENCE }
  const file = (key: string, content: typeof SMALL): ClientFile => ({ client, key, ...content })

  it('sends a small file, and one without a byte', async () => {
    for (const content of [SMALL, { ...SMALL, size: 0 }]) {
      const key = `small/ü ${content.size}.png`
      const { object } = await app.page.evaluate(uploadByClient, file(key, content))
      expect(object).toMatchObject({ key, size: content.size })
      await holds(one, key, content)
    }
  })

  it('sends a large file, and tells how it goes', async () => {
    const large = { ...file('large', LARGE), options: { chunkBytes: PART } }
    const { sent } = await app.page.evaluate(uploadByClient, large)
    expect(sent.at(-1)).toBe(LARGE.size)
    const between = new Set(sent.filter((bytes) => bytes > 0 && bytes < LARGE.size))
    expect(between.size).toBeGreaterThanOrEqual(2)
    await holds(one, 'large', LARGE)
  })

  it('is told no for what overwrites', async () => {
    await app.page.evaluate(uploadByClient, file('once', SMALL))
    const again = { ...file('once', SMALL), options: { ifAbsent: true } }
    await expect(app.page.evaluate(uploadByClient, again)).rejects.toThrow(
      /SkeinError|taken|exists/,
    )
    await holds(one, 'once', SMALL)
  })

  it('goes on after a reload with what has not arrived', async () => {
    const { page } = app
    const left = { ...file('reloaded', LARGE), options: LEFT_HALF_WAY }
    const { held } = await holdSecondPut(page)
    const leaving = page.evaluate(uploadByClient, left).catch(String)
    await held
    await page.reload()
    expect(await leaving).toMatch(/navigation/)
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    expect(await one.store.find('reloaded')).toBeUndefined()
    await loadClient(page)
    const { sent } = await page.evaluate(uploadByClient, left)
    expect(sent[0]).toBeGreaterThanOrEqual(PART)
    await holds(one, 'reloaded', LARGE)
  })
}

/** So that the upload cannot end before it is left: `held` once the first has been answered and the second waits. */
async function holdSecondPut(page: Page): Promise<{ held: Promise<void> }> {
  const { promise: held, resolve } = Promise.withResolvers<void>()
  let puts = 0
  await page.route('**/*', async (route) => {
    if (route.request().method() === 'PUT' && ++puts > 1) return resolve()
    await route.continue()
  })
  return { held }
}

async function holds({ name, store }: FittedStore, key: string, content: typeof SMALL) {
  const { info, body } = await store.get(key)
  sameBytes(await readAll(body), bytesOf(content.size, content.seed), `${name} ${key}`)
  expect(info.contentType).toBe(content.type)
}
