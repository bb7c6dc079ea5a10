// What the folder's tests share: a fresh folder for each, and short ways to ask of it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { parseStoreUri } from '#shared/storage/address.ts'
import type { Driver, ListOptions } from '#shared/storage/contract.ts'
import type { StoreCredentials } from '#shared/storage/options.ts'
import { createFileDriver } from '#shared/storage/providers/file/driver.ts'
import type { FileSettings } from '#shared/storage/providers/file/settings.ts'
import { fileSettings } from '#shared/storage/providers/file/settings.ts'

const { signal } = new AbortController()
export const call = { signal }
export const overwrite = { signal, mode: 'overwrite' } as const
export const create = { signal, mode: 'create' } as const

export function text(string: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(string)
}

/** Removed when the test ends. */
export function freshFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'skein-file-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export function settingsOf(
  root: string,
  credentials: StoreCredentials = {},
  now: () => number = Date.now,
): FileSettings {
  const address = parseStoreUri(`file:${encodeURI(root)}`)
  return fileSettings({
    address,
    name: 'folder',
    capabilities: address.row.capabilities,
    options: { credentials },
    platform: { env: {}, fileSystem: true, now },
  })
}

export function openFolder(root: string): Driver {
  return createFileDriver(settingsOf(root))
}

export function put(driver: Driver, key: string, content: string) {
  return driver.put(key, { bytes: text(content) }, overwrite)
}

export async function read(driver: Driver, key: string): Promise<string> {
  const { body } = await driver.get(key, call)
  return new Response(body).text()
}

export async function remove(driver: Driver, key: string, ifMatch?: string) {
  const [result] = await driver.delete([{ key, ifMatch }], call)
  return result?.error?.kind
}

/** Keys and folded prefixes, in the order given. */
export async function allKeys(
  driver: Driver,
  options: Omit<ListOptions, 'signal'> = {},
): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await driver.list({ ...options, cursor, signal })
    found.push(...page.objects.map(({ key }) => key), ...page.prefixes)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}
