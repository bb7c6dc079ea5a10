// A process that writes to a folder, for tests of several at once and of sudden death. Its arguments: what
// to do, the folder, and how often.

import { parseStoreUri } from '#shared/storage/address.ts'
import type { Driver } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import { createFileDriver } from '#shared/storage/providers/file/driver.ts'
import { fileSettings } from '#shared/storage/providers/file/settings.ts'

const { signal } = new AbortController()
const [, , task = '', root = '', times = '0'] = process.argv

function open(): Driver {
  const address = parseStoreUri(`file:${encodeURI(root)}`)
  const { capabilities } = address.row
  const platform = { env: {}, fileSystem: true, now: Date.now }
  return createFileDriver(
    fileSettings({ address, name: 'folder', capabilities, options: {}, platform }),
  )
}

const driver = open()

/** Says of each key whether this process was the one that created it. */
async function create(): Promise<void> {
  const bytes = new TextEncoder().encode(String(process.pid))
  for (let i = 0; i < Number(times); i++) {
    try {
      await driver.put(`race/${i}`, { bytes }, { mode: 'create', signal })
      console.log(i)
    } catch (error) {
      if (!isStorageError(error, 'exists')) throw error
    }
  }
}

async function increment(): Promise<void> {
  for (let done = 0; done < Number(times);) {
    const { info, body } = await driver.get('counter', { signal })
    const count = Number(await new Response(body).text())
    const bytes = new TextEncoder().encode(String(count + 1))
    try {
      await driver.put('counter', { bytes }, { mode: { ifMatch: info.etag }, signal })
      done += 1
    } catch (error) {
      if (!isStorageError(error, 'precondition')) throw error
    }
  }
}

/** For ever: each object says in its metadata what its bytes are. */
async function write(): Promise<void> {
  for (let n = 0; ; n++) {
    const letter = String.fromCharCode(97 + (n % 26))
    const bytes = new Uint8Array(200_000 + n).fill(letter.charCodeAt(0))
    const metadata = { letter, size: String(bytes.length) }
    await driver.put('object', { bytes }, { mode: 'overwrite', signal, metadata })
    await driver.put(`below/${n % 3}`, { bytes }, { mode: 'overwrite', signal, metadata })
    await driver.delete([{ key: `below/${(n + 1) % 3}` }], { signal })
    if (n === 0) console.log('writing')
  }
}

const tasks: Record<string, () => Promise<void>> = { create, increment, write }
await tasks[task]?.()
