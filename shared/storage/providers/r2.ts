// R2 through a Worker's binding: no credentials, no signatures, and bodies that never enter JavaScript.
// What a binding cannot do (copies, versions, conditional commits) its capability record says.

import type {
  ClassesDriver,
  DeleteResult,
  DeleteTarget,
  Driver,
  GetOptions,
  GetResult,
  PutMode,
} from '../contract.ts'
import { Pipe } from '#shared/wire/worker-streams.ts'
import type { Opening } from '../opening.ts'
import { StorageError } from '../errors.ts'
import type { R2Access } from './r2/access.ts'
import { openBinding } from './r2/access.ts'
import type { R2Object, R2ObjectBody } from './r2/binding.ts'
import { toCondition, toDigest, toInfo, toListed, toProperties } from './r2/fields.ts'
import { multipartGroup } from './r2/multipart.ts'
import { sendContent } from './r2/outgoing.ts'
import { absent, changed, checkRange, noVersions, taken } from './refusals.ts'

export function createR2Driver(opening: Opening): Driver {
  const access = openBinding(opening)
  const { bucket, store } = access
  return {
    capabilities: opening.capabilities,

    async head(key, { signal }) {
      const object = await access.ask(signal, key, () => bucket.head(key))
      if (object === null) throw absent(store, key)
      return toInfo(object)
    },

    get: (key, options) => get(access, key, options),

    async put(key, content, { mode, checksum, signal, ...properties }) {
      const onlyIf = toCondition(mode)
      const options = {
        ...toProperties(properties),
        ...toDigest(checksum),
        ...(onlyIf && { onlyIf }),
      }
      const object = await access.ask(signal, key, () =>
        sendContent({ store, key, content, signal }, (value) => bucket.put(key, value, options)),
      )
      if (object === null) throw unmet(store, key, mode)
      return toInfo(object)
    },

    delete: (targets, { signal }) => remove(access, targets, signal),

    async list({ prefix, delimiter, after, cursor, limit, signal }) {
      const query = { prefix, delimiter, startAfter: after, cursor, limit }
      const page = await access.ask(signal, undefined, () => bucket.list(withoutUndefined(query)))
      return {
        objects: page.objects.map(toListed),
        prefixes: page.delimitedPrefixes,
        cursor: page.truncated ? page.cursor : undefined,
      }
    },

    copy: (_, key) => {
      const message = `${store} cannot copy objects by itself: an R2 binding has no copy.`
      return Promise.reject(new StorageError('unsupported', message, { store, key }))
    },

    multipart: multipartGroup(access),
    classes: classesGroup(access),
  }
}

async function get(access: R2Access, key: string, options: GetOptions): Promise<GetResult> {
  const { range, ifMatch, signal } = options
  const { bucket, store } = access
  const wanted = {
    ...(ifMatch !== undefined && { onlyIf: { etagMatches: ifMatch } }),
    ...(range && { range: toR2Range(range) }),
  }
  const object = await access.ask(signal, key, () => bucket.get(key, wanted))
  if (object === null) throw absent(store, key)
  if (!hasBody(object)) throw changed(store, key)
  checkRange(store, key, range, object.size)
  // Through a pipe that the signal cuts: the binding knows of none.
  const body = object.body.pipeThrough(new Pipe(), { signal })
  return { info: toInfo(object), body }
}

function toR2Range({ first, last }: NonNullable<GetOptions['range']>) {
  return last === undefined ? { offset: first } : { offset: first, length: last - first + 1 }
}

function hasBody(object: R2Object | R2ObjectBody): object is R2ObjectBody {
  return 'body' in object && object.body !== undefined && object.body !== null
}

/** The binding deletes all or fails, so what went wrong went wrong for each. A version is not the key: it is refused. */
async function remove(
  access: R2Access,
  targets: DeleteTarget[],
  signal: AbortSignal,
): Promise<DeleteResult[]> {
  const { store, bucket } = access
  const keys = targets.filter(({ version }) => version === undefined).map(({ key }) => key)
  if (keys.length > 0) {
    const only = keys.length === 1 ? keys[0] : undefined
    await access.ask(signal, only, () => bucket.delete(keys))
  }
  return targets.map(({ key, version }) =>
    version === undefined ? { key } : { key, error: noVersions(store, key) },
  )
}

function unmet(store: string, key: string, mode: PutMode): StorageError {
  return mode === 'create' ? taken(store, key) : changed(store, key)
}

/** A binding changes no class in place: the object is written over itself, unless it has changed meanwhile. */
function classesGroup(access: R2Access): ClassesDriver {
  const { bucket, store } = access
  return {
    async setClass(key, storageClass, { signal }) {
      const { info, body } = await get(access, key, { signal })
      const content = { stream: body, size: info.size }
      const options = {
        ...toProperties({ ...info, storageClass }),
        onlyIf: { etagMatches: info.etag },
      }
      const written = await access.ask(signal, key, () =>
        sendContent({ store, key, content, signal }, (value) => bucket.put(key, value, options)),
      )
      if (written === null) throw changed(store, key)
    },
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function withoutUndefined<T extends object>(options: T): Defined<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<T>
}
