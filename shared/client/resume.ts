// Remembers an upload across reloads: which one it is, by the file's name, size, time and ends and by all that
// was asked for, and how to go on. What is kept can write to this one upload and do nothing else.

import { crc32c } from './crc32c.ts'
import type { UploadRequest } from './protocol.ts'
import type { Source } from './source.ts'

/** `localStorage` is one. */
export interface ResumeStore {
  getItem(name: string): string | null | Promise<string | null>
  setItem(name: string, value: string): void | Promise<void>
  removeItem(name: string): void | Promise<void>
}

export interface Remembered {
  id: string
  /** The address of a resumable session. */
  session?: string | undefined
}

export interface Memory {
  /** False where nothing outlives a failure. */
  lasting: boolean
  recall(): Promise<Remembered | undefined>
  keep(what: Remembered): Promise<void>
  forget(): Promise<void>
}

const ENDS_BYTES = 64 * 1024

export async function openMemory(
  base: string,
  request: UploadRequest,
  source: Source,
  resume: boolean | ResumeStore | undefined,
): Promise<Memory> {
  const store = resume === true ? localStore() : resume
  if (!store) return FORGETFUL
  const { size, name, modified, slice } = source
  const ends = [slice(0, ENDS_BYTES), slice(Math.max(0, size - ENDS_BYTES), size)]
  const digests = await Promise.all(ends.map((one) => crc32c(one)))
  const of = JSON.stringify([base, request, name, modified, ...digests])
  const place = `skein-upload-${await crc32c(new Blob([of]))}`
  return {
    lasting: true,
    async recall() {
      const found = parse(await tolerate(() => store.getItem(place)))
      return found?.of === of ? found : undefined
    },
    async keep(what) {
      await tolerate(() => store.setItem(place, JSON.stringify({ ...what, of })))
    },
    async forget() {
      await tolerate(() => store.removeItem(place))
    },
  }
}

/** A full or forbidden storage: the upload goes on, and will not be resumed. */
async function tolerate<T>(act: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch {
    return undefined
  }
}

/** Looked up at each use, since a page may be forbidden even to name it. */
function localStore(): ResumeStore {
  // Node has the name too, and warns of whoever touches it without a file behind it.
  if (typeof document === 'object') {
    return {
      getItem: (name) => localStorage.getItem(name),
      setItem: (name, value) => localStorage.setItem(name, value),
      removeItem: (name) => localStorage.removeItem(name),
    }
  }
  throw new TypeError('There is no localStorage here: give `resume` a store of your own.')
}

function parse(text: string | null | undefined): (Remembered & { of: string }) | undefined {
  try {
    return text === null || text === undefined
      ? undefined
      : (JSON.parse(text) as Remembered & { of: string })
  } catch {
    return undefined
  }
}

const FORGETFUL: Memory = {
  lasting: false,
  recall: async () => undefined,
  keep: async () => undefined,
  forget: async () => undefined,
}
