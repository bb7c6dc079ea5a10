// What not every store has: versions, classes, tags, retention.

import { element, elementsOf, textOf } from '#shared/wire/xml.ts'
import type {
  ClassesDriver,
  ObjectVersion,
  ReadOptions,
  RetentionDriver,
  TagsDriver,
  VersionsDriver,
} from '../../contract.ts'
import type { AzureClient } from './client.ts'
import { listPage } from './list.ts'
import { toListedObject } from './object-info.ts'
import { headBlob } from './read.ts'
import { xmlBody } from './xml-body.ts'

/** A deleted blob leaves no marker: it has versions and none of them is the latest. */
export function createVersions(client: AzureClient): VersionsDriver {
  return {
    async list(options) {
      const { prefix = '' } = options
      const page = await listPage(client, { ...options, include: 'versions' })
      const versions: ObjectVersion[] = []
      for (const item of page.blobs) {
        const object = toListedObject(item)
        // Blobs that are older than the account's versioning have none.
        if (object.version === undefined || !object.key.startsWith(prefix)) continue
        const latest = item.isCurrentVersion
        versions.push({ ...object, version: object.version, latest, deleted: false })
      }
      return { versions, cursor: page.marker }
    },
  }
}

export function createClasses(client: AzureClient): ClassesDriver {
  /** https://learn.microsoft.com/rest/api/storageservices/set-blob-tier */
  async function setTier(key: string, tier: string, { version, signal }: ReadOptions) {
    await client.requests.headers({
      method: 'PUT',
      key,
      version,
      query: { comp: 'tier' },
      headers: { 'x-ms-access-tier': tier },
      permissions: 'w',
      signal,
    })
  }
  return {
    setClass: setTier,
    /** To the Hot class, for good: Azure has no restores that end. It takes up to 15 hours. */
    async restore(key, options) {
      const { archived, restoring } = await headBlob(client, key, options)
      if (archived && !restoring) await setTier(key, 'Hot', options)
    },
  }
}

/** https://learn.microsoft.com/rest/api/storageservices/set-blob-tags */
export function createTags({ requests }: AzureClient): TagsDriver {
  const of = (key: string, { version, signal }: ReadOptions) => {
    return { key, version, query: { comp: 'tags' }, permissions: 't', signal }
  }
  return {
    async get(key, options) {
      const { text } = await requests.read({ method: 'GET', ...of(key, options) })
      const pairs = elementsOf(text, 'Tag').map((tag) => [textOf(tag, 'Key'), textOf(tag, 'Value')])
      return Object.fromEntries(pairs)
    },
    async set(key, tags, options) {
      const pairs = Object.entries(tags).map(([name, value]) =>
        element('Tag', [element('Key', name), element('Value', value)]),
      )
      const xml = element('Tags', element('TagSet', pairs))
      await requests.headers({ method: 'PUT', ...of(key, options), ...xmlBody(xml) })
    },
  }
}

/** https://learn.microsoft.com/azure/storage/blobs/immutable-storage-overview */
export function createRetention({ requests }: AzureClient): RetentionDriver {
  async function set(
    key: string,
    comp: string,
    headers: Record<string, string>,
    { version, signal }: ReadOptions,
  ) {
    const asked = { key, version, query: { comp }, headers, permissions: 'i', signal }
    await requests.headers({ method: 'PUT', ...asked })
  }
  return {
    async get(key, { version, signal }) {
      const asked = { method: 'HEAD', key, version, permissions: 'r', signal } as const
      const told = await requests.headers(asked)
      const until = told.get(UNTIL)
      const locked = told.get(MODE)?.toLowerCase() === 'locked'
      return {
        retention:
          until === null
            ? undefined
            : { mode: locked ? 'compliance' : 'governance', until: new Date(until) },
        hold: told.get(HOLD) === 'true',
      }
    },
    async setRetention(key, { mode, until }, options) {
      const policyMode = mode === 'compliance' ? 'Locked' : 'Unlocked'
      const headers = { [UNTIL]: until.toUTCString(), [MODE]: policyMode }
      await set(key, 'immutabilityPolicies', headers, options)
    },
    async setHold(key, hold, options) {
      await set(key, 'legalhold', { [HOLD]: String(hold) }, options)
    },
  }
}

const UNTIL = 'x-ms-immutability-policy-until-date'
const MODE = 'x-ms-immutability-policy-mode'
const HOLD = 'x-ms-legal-hold'
