// Tokens that only this suite can make: a payload that anybody may read and nobody may change. Each names
// the secret that sealed it, so that two are valid while one replaces the other, and each is made for one
// purpose and opens for no other.

import { Buffer } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { StorageError } from './storage/errors.ts'

export type Purpose = 'upload' | 'mark' | 'uppy' | 'source'

export interface Seal {
  /** Throws `too-large` for a payload that would not fit into a URL. */
  seal(purpose: Purpose, payload: object): string
  /** Throws `denied` for what was not sealed here for this purpose. Says nothing of expiry. */
  open(purpose: Purpose, sealed: string): unknown
}

const MAX_SEALED_LENGTH = 8192

interface Key {
  id: string
  key: KeyObject
}

/** The first secret seals; all of them open. */
export function createSeal(secrets: readonly string[]): Seal {
  const keys = secrets.map(keyOf)
  return {
    seal(purpose, payload) {
      const [key] = keys
      if (key === undefined) throw unsealed()
      const text = Buffer.from(JSON.stringify(payload)).toString('base64url')
      const sealed = `${key.id}.${text}.${proof(key, purpose, text)}`
      if (sealed.length <= MAX_SEALED_LENGTH) return sealed
      throw new StorageError('too-large', 'Key, headers and metadata are too long together.')
    },
    open(purpose, sealed) {
      if (keys.length === 0) throw unsealed()
      const [id, text, given, ...rest] = sealed.length > MAX_SEALED_LENGTH ? [] : sealed.split('.')
      const key = keys.find((one) => one.id === id)
      if (key === undefined || text === undefined || given === undefined || rest.length > 0) {
        throw forged(purpose)
      }
      if (!same(given, proof(key, purpose, text))) throw forged(purpose)
      return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    },
  }
}

/** A key's id tells which secret it is and nothing about it. */
function keyOf(secret: string): Key {
  const id = createHash('sha256').update(`skein id ${secret}`).digest('base64url').slice(0, 6)
  return { id, key: createSecretKey(Buffer.from(secret, 'utf8')) }
}

function proof({ id, key }: Key, purpose: Purpose, text: string): string {
  return createHmac('sha256', key).update(`${purpose}.${id}.${text}`).digest('base64url')
}

function same(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
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
