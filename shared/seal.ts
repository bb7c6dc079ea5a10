// Tokens that only this suite can make: a payload that anybody may read and nobody may change. Each names
// the secret that sealed it, so that two are valid while one replaces the other, and each is made for one
// purpose, and perhaps for one place, and opens for no other.

import { Buffer } from 'node:buffer'
import { hkdfSync } from 'node:crypto'
import { StorageError } from './storage/errors.ts'
import { sameText } from './wire/same-text.ts'
import type { HmacKey } from './wire/sha256.ts'
import { hmac, hmacKey, sha256 } from './wire/sha256.ts'

export type Purpose = 'upload' | 'mark' | 'uppy' | 'source'

export interface Seal {
  /** `place` is under the seal and not in the token. Throws `too-large` for what would not fit into a URL. */
  seal(purpose: Purpose, payload: object, place?: string): string
  /** Throws `denied` for what was not sealed here for this purpose and place. Says nothing of expiry. */
  open(purpose: Purpose, sealed: string, place?: string): unknown
  /** 32 bytes that only this suite has, the same on every instance; undefined without a secret. */
  derive(purpose: string): Uint8Array | undefined
}

const MAX_SEALED_LENGTH = 8192
/** Made once, for buffers of one's own cost more than what is done with them. */
const scratch = Buffer.alloc(3 * MAX_SEALED_LENGTH)

interface Key {
  id: string
  key: HmacKey
}

/** The first secret seals; all of them open. */
export function createSeal(secrets: readonly string[]): Seal {
  const keys = secrets.map(keyOf)
  return {
    seal(purpose, payload, place = '') {
      const [key] = keys
      if (key === undefined) throw unsealed()
      const json = JSON.stringify(payload)
      if (json.length > MAX_SEALED_LENGTH) throw tooLong()
      const text = scratch.toString('base64url', 0, scratch.write(json))
      const sealed = `${key.id}.${text}.${proof(key, purpose, text, place)}`
      if (sealed.length > MAX_SEALED_LENGTH) throw tooLong()
      return sealed
    },
    open(purpose, sealed, place = '') {
      if (keys.length === 0) throw unsealed()
      const [id, text, given, ...rest] = sealed.length > MAX_SEALED_LENGTH ? [] : sealed.split('.')
      const key = keys.find((one) => one.id === id)
      if (key === undefined || text === undefined || given === undefined || rest.length > 0) {
        throw forged(purpose)
      }
      if (!sameText(proof(key, purpose, text, place), given)) throw forged(purpose)
      return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    },
    derive(purpose) {
      const [secret] = secrets
      if (secret === undefined) return undefined
      return new Uint8Array(hkdfSync('sha256', secret, 'skein', purpose, 32))
    },
  }
}

/** A key's id tells which secret it is and nothing about it. */
function keyOf(secret: string): Key {
  const id = sha256(`skein id ${secret}`, 'base64url').slice(0, 6)
  return { id, key: hmacKey(secret) }
}

/** There is a dot in the place alone, if in anything. */
function proof({ id, key }: Key, purpose: Purpose, text: string, place: string): string {
  return hmac(key, `${purpose}.${id}.${text}.${place}`, 'base64url')
}

function tooLong(): StorageError {
  return new StorageError('too-large', 'Key, headers and metadata are too long together.')
}

function forged(purpose: Purpose): StorageError {
  return new StorageError(
    'denied',
    `This is no ${purpose} token of this suite, or its secret has been replaced.`,
  )
}

function unsealed(): StorageError {
  return new StorageError(
    'unavailable',
    'Uploads and replication are switched off here: set SKEIN_SECRET, at least 32 characters kept secret, or `secrets` in the configuration.',
    { retry: 'never' },
  )
}
