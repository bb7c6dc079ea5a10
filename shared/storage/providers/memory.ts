// A store in this process's memory: the whole contract with nothing behind it, for tests. Every write is a
// version, every overwrite keeps the one before; nothing outlives the process. Calls take effect at once
// and in one go, so conditions hold among any number of callers.

import type { Driver } from '../contract.ts'
import type { Opening } from '../opening.ts'
import { foldPage } from './folding.ts'
import {
  classesGroup,
  multipartGroup,
  retentionGroup,
  tagsGroup,
  versionsGroup,
} from './memory/groups.ts'
import { copy, openMemory, read, readContent, remove, toInfo, toListed } from './memory/objects.ts'

export function createMemoryDriver(opening: Opening): Driver {
  const memory = openMemory(opening)
  const { bucket } = memory
  return {
    capabilities: opening.capabilities,

    async head(key, options) {
      options.signal.throwIfAborted()
      return toInfo(memory.find(key, options.version), memory.now())
    },

    async get(key, options) {
      options.signal.throwIfAborted()
      return read(memory, key, options)
    },

    async put(key, content, options) {
      const bytes = await readContent(memory.store, key, content, options.signal)
      return toInfo(memory.write(key, bytes, options), memory.now())
    },

    async delete(targets, options) {
      options.signal.throwIfAborted()
      return targets.map((target) => {
        const error = remove(memory, target)
        return error ? { key: target.key, error } : { key: target.key }
      })
    },

    async list({ limit = opening.capabilities.list.maxKeys, ...options }) {
      options.signal.throwIfAborted()
      const page = await foldPage(options, limit, function* (place) {
        for (const key of bucket.keysFrom(place)) {
          const current = bucket.current(key)
          if (current) yield toListed(current)
        }
      })
      return { objects: page.entries, prefixes: page.prefixes, cursor: page.cursor }
    },

    async copy(from, key, options) {
      options.signal.throwIfAborted()
      return toInfo(copy(memory, from, key, options), memory.now())
    },

    multipart: multipartGroup(memory),
    versions: versionsGroup(memory),
    classes: classesGroup(memory),
    tags: tagsGroup(memory),
    retention: retentionGroup(memory),
  }
}
