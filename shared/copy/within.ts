// One object copied within its store: by the provider itself, or, where the provider copies nothing, as a
// stream through here. What travels with it stays, unless `properties` replace it.

import type { ObjectInfo, ObjectProperties, PutMode } from '#shared/storage/contract.ts'
import type { Store } from '#shared/storage/store.ts'

export interface WithinOptions {
  mode?: PutMode | undefined
  properties?: ObjectProperties | undefined
  storageClass?: string | undefined
}

/** Of `from` as it was seen, where the store can hold to that; a condition that it cannot hold is refused by it. */
export async function copyWithin(
  store: Store,
  from: ObjectInfo,
  to: string,
  { mode = 'overwrite', properties, storageClass }: WithinOptions = {},
): Promise<ObjectInfo> {
  const { copy } = store.capabilities
  const ifMatch = from.etag
  if (copy) {
    const source = copy.sourceMatch ? { key: from.key, ifMatch } : { key: from.key }
    const options = { ...(properties && { properties }), ...(storageClass && { storageClass }) }
    return store.copy(source, to, { mode, ...options })
  }
  const { info, body } = await store.get(from.key, { ifMatch })
  const own = properties ?? propertiesOf(info)
  return store.put(to, body, { ...own, storageClass, size: info.size, mode })
}

/** What an object carries beside its bytes and its class. */
export function propertiesOf(info: ObjectInfo): ObjectProperties {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = info
  const headers = {
    contentType,
    contentEncoding,
    contentDisposition,
    contentLanguage,
    cacheControl,
  }
  return { ...headers, metadata: info.metadata }
}
