// A memory whose requests a test can get hold of: before each, it may do something else, or fail; after each
// write, lose the answer.

import type { Driver } from '#shared/storage/contract.ts'
import type { CapabilityOverrides } from '#shared/storage/capabilities.ts'
import { createOpening } from '#shared/storage/open.ts'
import { createMemoryDriver } from '#shared/storage/providers/memory.ts'
import { Store } from '#shared/storage/store.ts'

export type Before = (
  operation: 'head' | 'get' | 'put' | 'delete' | 'list',
  key: string,
) => Promise<void>

let count = 0

export function storeWith(
  name: string,
  before: Before,
  capabilities: CapabilityOverrides = {},
  afterPut: (key: string) => void = () => undefined,
): Store {
  const platform = { env: {}, fileSystem: false, now: () => Date.now() }
  const options = { name, capabilities, retry: { attempts: 1 } }
  const opening = createOpening(`memory:held-${name}-${++count}`, platform, options)
  const memory = createMemoryDriver(opening)
  const driver: Driver = {
    ...memory,
    async head(key, given) {
      await before('head', key)
      return memory.head(key, given)
    },
    async get(key, given) {
      await before('get', key)
      return memory.get(key, given)
    },
    async put(key, content, given) {
      await before('put', key)
      const info = await memory.put(key, content, given)
      afterPut(key)
      return info
    },
    async list(given) {
      await before('list', given.prefix ?? '')
      return memory.list(given)
    },
    async delete(targets, given) {
      for (const { key } of targets) await before('delete', key)
      return memory.delete(targets, given)
    },
  }
  return new Store({ opening, driver: async () => driver })
}
