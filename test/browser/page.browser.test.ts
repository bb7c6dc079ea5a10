// The page of `npm start`, as somebody meets it in the first minutes: the address that was printed opens it,
// a file is dropped, goes, and is listed with what each of the three folders holds.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerProcess } from '../servers/process.ts'
import { startProcess } from '../servers/process.ts'
import { bytesOf, sameBytes } from '../suites/storage/content.ts'
import { chromiumMissing, startChromium } from './chromium.ts'

const TIME_LIMIT_MS = 60_000
const SERVER = fileURLToPath(new URL('../../functions/node/server.ts', import.meta.url))
const FILE = { name: 'Füße & Co <1>.png', size: 300_000 }
const FILM = { name: 'film.mp4', size: 40 * 1024 * 1024 }

const missing = chromiumMissing()
if (missing === undefined) definePage()
else it.skip(`the page of npm start (${missing})`, () => undefined)

function definePage(): void {
  describe('the page of npm start', { timeout: TIME_LIMIT_MS }, () => {
    let cwd: string
    let server: ServerProcess
    let url: string
    let token: string
    let browser: Browser
    let page: Page
    const faults: string[] = []

    beforeAll(async () => {
      cwd = await mkdtemp(join(tmpdir(), 'skein-page-'))
      const env = { PORT: '0' }
      const command = process.execPath
      server = await startProcess({ command, args: [SERVER], cwd, env, ready: /^Skein is at / })
      url = /http:\/\/[\d.:]+/.exec(server.line)?.[0] ?? ''
      token = (await readFile(join(cwd, '.skein/local-token'), 'utf8')).trim()
      browser = await startChromium()
      page = await browser.newPage()
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (one) => {
        if (one.text().includes('Content Security Policy')) faults.push(one.text())
      })
    })
    afterAll(async () => {
      await browser.close()
      await server.stop()
      await rm(cwd, { recursive: true, force: true })
    })

    it('asks for a token, and again for a wrong one', async () => {
      await page.goto(url)
      await page.locator('#token').fill('skein_wrong')
      await page.locator('#sign-in button').click()
      await page.locator('#sign-in-problem:not(:empty)').waitFor()
      expect(await page.locator('#desk').isVisible()).toBe(false)
      await page.locator('#token').fill(token)
      await page.locator('#sign-in button').click()
      await page.locator('#nothing').waitFor()
    })

    it('opens at the address that was printed, and hides the token', async () => {
      const other = await browser.newPage()
      await other.goto(`${url}/#token=${token}`)
      await other.locator('#desk').waitFor()
      expect(other.url()).toBe(`${url}/`)
      await other.close()
    })

    it('takes a file that is dropped, and lists what each store holds', async () => {
      await drop(page, FILE)
      await rowOf(page, '#uploads li', FILE.name, 'done').waitFor()
      const listed = page.locator(`#objects tr[data-key=${JSON.stringify(FILE.name)}]`)
      await listed.waitFor()
      const copies = await listed.locator('li').evaluateAll((all) => {
        return all.map((one) => (one as HTMLElement).dataset['store'])
      })
      expect(copies).toEqual(['main', 'second', 'third'])
      expect(await listed.locator('[data-store=main]').getAttribute('data-state')).toBe('present')
    })

    it('shows how a large file goes', async () => {
      await page.evaluate(watchUploads)
      await drop(page, FILM)
      await rowOf(page, '#uploads li', FILM.name, 'done').waitFor()
      const said = await page.evaluate(() => window.said)
      const percents = said.flatMap((text) => /^(\d+) %/.exec(text)?.[1] ?? []).map(Number)
      expect(percents.filter((one) => one > 0 && one < 100).length).toBeGreaterThan(0)
      expect(percents).toEqual(percents.toSorted((a, b) => a - b))
    })

    it('takes files that are chosen, and gives them back whole', async () => {
      const name = 'chosen.bin'
      const bytes = bytesOf(10_000, 33)
      const file = { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) }
      await page.locator('#file').setInputFiles(file)
      const listed = page.locator(`#objects tr[data-key="${name}"]`)
      await listed.waitFor()
      const downloading = page.waitForEvent('download')
      await listed.getByRole('button', { name: `Download ${name}` }).click()
      const download = await downloading
      sameBytes(await readFile(await download.path()), bytes, name)
    })

    it('mends a copy that was harmed in its folder', async () => {
      const chip = page.locator('#objects tr[data-key="chosen.bin"] [data-store=second]')
      const isCopied = async (): Promise<string | null> => {
        await page.locator('#refresh').click()
        return chip.getAttribute('data-state')
      }
      await expect.poll(isCopied, { timeout: TIME_LIMIT_MS / 2 }).toBe('present')
      const harmed = join(cwd, 'skein-data/second/chosen.bin')
      const right = await readFile(harmed)
      await writeFile(harmed, Buffer.from(right).fill(0, 0, 10))
      await page.locator('#verify').click()
      const told = page.locator('#mended li', { hasText: 'chosen.bin' })
      await told.waitFor()
      expect(await told.textContent()).toBe('chosen.bin was corrupt in second: mended from main.')
      expect(right.equals(await readFile(harmed))).toBe(true)
    })

    it('deletes what it is told to, when it is meant', async () => {
      const listed = page.locator('#objects tr[data-key="chosen.bin"]')
      page.once('dialog', (dialog) => void dialog.accept())
      await listed.getByRole('button', { name: 'Delete chosen.bin' }).click()
      await listed.waitFor({ state: 'detached' })
    })

    it('knows the tab after a reload, and nothing went wrong in it', async () => {
      await page.reload()
      await page.locator(`#objects tr[data-key="${FILM.name}"]`).waitFor()
      expect(faults).toEqual([])
    })
  })
}

declare global {
  interface Window {
    said: string[]
  }
}

/** Everything that the rows of uploads say, as it changes. */
function watchUploads(): void {
  window.said = []
  const watch = new MutationObserver(() => {
    window.said.push(document.querySelector('#uploads li .said')?.textContent ?? '')
  })
  const list = document.querySelector('#uploads')!
  watch.observe(list, { childList: true, subtree: true, characterData: true })
}

/** As from a folder of the desktop. */
async function drop(page: Page, { name, size }: typeof FILE): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([fileName, length]) => {
      const dropped = new DataTransfer()
      dropped.items.add(new File([new Uint8Array(length).fill(7)], fileName))
      return dropped
    },
    [name, size] as const,
  )
  await page.dispatchEvent('#drop', 'drop', { dataTransfer })
}

function rowOf(page: Page, rows: string, name: string, state: string) {
  return page.locator(`${rows}[data-key=${JSON.stringify(name)}][data-state=${state}]`)
}
