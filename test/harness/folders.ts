// Folders as the conformance suite opens them: each place a folder of its own below one that goes when the
// tests are done, and a server that honours their signed URLs over a real socket.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { openStore } from '#shared/storage/open.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { createFileDriver } from '#shared/storage/providers/file/driver.ts'
import { serveSignedFile } from '#shared/storage/providers/file/serve.ts'
import { fileSettings } from '#shared/storage/providers/file/settings.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'

const SECRET = 'a secret that only this run knows'
const STORE = /\/files\/folder-([\w-]+)$/

export interface Folders {
  description: StoreDescription
  close(): Promise<void>
}

export async function openFolders(): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'skein-folders-'))
  const env = { SKEIN_SIGNING_SECRET: SECRET }
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = serve(
    { fetch: (request) => answer(root, env, request), port: 0, hostname: '127.0.0.1' },
    ({ port }) => resolve(port),
  )
  const publicUrl = `http://127.0.0.1:${await promise}`
  return {
    description: {
      name: 'file',
      storeName: 'folder-{place}',
      uri: `file:${root}/{place}`,
      env: { ...env, SKEIN_PUBLIC_URL: publicUrl },
      fileSystem: true,
    },
    async close() {
      await new Promise((done) => server.close(done))
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function answer(
  root: string,
  env: Record<string, string>,
  request: Request,
): Promise<Response> {
  const place = STORE.exec(new URL(request.url).pathname)?.[1]
  if (place === undefined) return new Response(null, { status: 404 })
  const address = parseStoreUri(`file:${root}/${place}`)
  const platform = { env, fileSystem: true, now: Date.now }
  const { capabilities } = openStore(`file:${root}/${place}`, platform)
  const opening = { address, name: `folder-${place}`, capabilities, options: {}, platform }
  const settings = fileSettings(opening)
  return serveSignedFile({ settings, driver: createFileDriver(settings) }, request)
}
