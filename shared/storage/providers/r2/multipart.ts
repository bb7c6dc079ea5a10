// Uploads in parts through an R2 binding. It lists neither parts nor uploads, so whoever wants to resume
// keeps the parts' ETags; and it checks no digest of a part, so a digest is taken here, on the way.

import { digesting, startDigests } from '#shared/wire/digest.ts'
import type { Checksum, Content, MultipartDriver } from '../../contract.ts'
import { corrupt } from '../refusals.ts'
import type { R2Access } from './access.ts'
import { toInfo, toProperties } from './fields.ts'
import { sendContent } from './outgoing.ts'

export function multipartGroup(access: R2Access): MultipartDriver {
  const { bucket, store } = access
  return {
    async begin(key, options) {
      const { signal, mode: _mode, checksum: _checksum, ...properties } = options
      const upload = await access.ask(signal, key, () =>
        bucket.createMultipartUpload(key, toProperties(properties)),
      )
      return upload.uploadId
    },

    async part(key, uploadId, partNumber, content, { checksum, signal }) {
      const upload = bucket.resumeMultipartUpload(key, uploadId)
      const hashed = hashing(content, checksum)
      const part = await access.ask(signal, key, () =>
        sendContent({ store, key, content: hashed.content, signal }, (value) =>
          upload.uploadPart(partNumber, value),
        ),
      )
      if (checksum && hashed.digest() !== checksum.value) throw corrupt(store, key)
      return { partNumber, etag: part.etag, size: hashed.size(), ...(checksum && { checksum }) }
    },

    async complete(key, uploadId, parts, { signal }) {
      const upload = bucket.resumeMultipartUpload(key, uploadId)
      const named = parts.map(({ partNumber, etag }) => ({ partNumber, etag }))
      return toInfo(await access.ask(signal, key, () => upload.complete(named)))
    },

    async abort(key, uploadId, { signal }) {
      const upload = bucket.resumeMultipartUpload(key, uploadId)
      try {
        await access.ask(signal, key, () => upload.abort())
      } catch (error) {
        if (!access.isNotFound(error)) throw error
      }
    },
  }
}

interface Hashed {
  content: Content
  size(): number
  digest(): string
}

/** A wrong part is not named in the completion, so what was sent of it becomes no object. */
function hashing(content: Content, checksum: Checksum | undefined): Hashed {
  const digests = startDigests(checksum ? [checksum.algorithm] : [])
  const digest = (): string => (checksum && digests.values()[checksum.algorithm]) ?? ''
  if ('bytes' in content) {
    digests.update(content.bytes)
    return { content, size: () => content.bytes.length, digest }
  }
  const size = (): number => content.size ?? 0
  if (!checksum) return { content, size, digest }
  return { content: { ...content, stream: digesting(content.stream, digests) }, size, digest }
}
