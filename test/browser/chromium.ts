// A real browser, and pages in it: each on an origin of its own, served from a free port of this machine
// together with the bytes that it uploads.

import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { bytesOf } from '../suites/storage/content.ts'

const PROGRAM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

/** Nothing but the pages of the test shall go over the network. */
const ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

/** Why there is no browser here, or undefined; where everything is required, that is an error. */
export function chromiumMissing(): string | undefined {
  if (existsSync(PROGRAM)) return undefined
  const missing = `no Chromium at ${PROGRAM}: apt-get install chromium, or set CHROMIUM_PATH`
  if (process.env['SKEIN_REQUIRE'] === 'all') throw new Error(`A browser is required: ${missing}`)
  return missing
}

export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: PROGRAM, args: ARGUMENTS })
}

export interface OpenPage {
  page: Page
  origin: string
  close(): Promise<void>
}

export async function openPage(browser: Browser): Promise<OpenPage> {
  const server = await servePage()
  const page = await browser.newPage()
  await page.goto(server.origin)
  return {
    page,
    origin: server.origin,
    async close() {
      await page.close()
      await server.close()
    },
  }
}

async function servePage(): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page')
    if (pathname === '/bytes') {
      const bytes = bytesOf(Number(searchParams.get('size')), Number(searchParams.get('seed')))
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes)
    } else {
      const page = '<!doctype html><title>An application</title><link rel="icon" href="data:,">'
      response.writeHead(200, { 'content-type': 'text/html' }).end(page)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
