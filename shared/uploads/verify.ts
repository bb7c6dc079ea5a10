// What arrived against what was promised. A digest is taken from the provider where its word is good, else from
// the bytes themselves, as many of them as the rules allow to be read.

import { startDigest } from '#shared/wire/digest.ts'
import type { Checksum } from '#shared/client/protocol.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import type { ObjectInfo } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { UploadContext } from './context.ts'
import { heldDigest } from './digests.ts'
import type { Upload } from './ticket.ts'

export interface Fault {
  kind: Extract<ErrorKind, 'corrupt' | 'invalid' | 'exists' | 'denied'>
  /** What was expected and what was found, in a clause. */
  reason: string
}

/** Undefined when all of it is as promised. Reads from `info` as it is: a later write does not count. */
export async function findFault(
  context: UploadContext,
  { constraints }: Upload,
  info: ObjectInfo,
): Promise<Fault | undefined> {
  const { minBytes, maxBytes, type, checksum, signed } = constraints
  if (info.size < minBytes || info.size > maxBytes) {
    const wanted = minBytes === maxBytes ? `${minBytes}` : `${minBytes} to ${maxBytes}`
    return { kind: 'invalid', reason: `${wanted} bytes were announced and ${info.size} arrived` }
  }
  if (type !== undefined && !sameType(type, info.contentType)) {
    const found = info.contentType === undefined ? 'none' : JSON.stringify(info.contentType)
    return {
      kind: 'invalid',
      reason: `the type ${JSON.stringify(type)} was announced and ${found} arrived`,
    }
  }
  if (!checksum) return undefined
  const found = await digestOf(context, info, checksum, signed)
  if (found === checksum.value) return undefined
  return {
    kind: 'corrupt',
    reason: `the ${checksum.algorithm} ${checksum.value} was announced and ${found} arrived`,
  }
}

/** Some providers put a space after the semicolon, or take it away. */
function sameType(wanted: string, found: string | undefined): boolean {
  const plain = (type: string) => type.replace(/\s+/g, '').toLowerCase()
  return found !== undefined && plain(found) === plain(wanted)
}

async function digestOf(
  { reserved, rules }: UploadContext,
  info: ObjectInfo,
  { algorithm, value }: Checksum,
  signed = false,
): Promise<string> {
  const held = heldDigest(reserved, info, algorithm)
  if (held !== undefined) return held
  if (info.size > rules.verifyBytes) {
    // Some keep to themselves what they have checked, as S3 does the MD5 of what it encrypts with KMS.
    if (signed) return value
    const message = `${reserved.name} holds no ${algorithm} of this upload, and its ${info.size} bytes are more than the ${rules.verifyBytes} that may be read; it stays where it is.`
    throw new StorageError('unsupported', message, { store: reserved.name, key: info.key })
  }
  const digest = startDigest(algorithm)
  const { body } = await reserved.get(info.key, { ifMatch: info.etag })
  for await (const chunk of body) digest.update(chunk)
  return digest.value()
}
