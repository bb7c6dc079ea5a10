// Requests that move bytes, made and signed here: the SDK costs five times the CPU, and takes a body in one
// shape in a process and in another in a Worker. Everything else goes through the SDK.

import type { Answer } from '#shared/wire/exchange.ts'
import { BodyFailed, WrongLength, exchange, textOf } from '#shared/wire/exchange.ts'
import type { Pair, Scope, Signing } from '#shared/wire/sigv4.ts'
import {
  AWS4,
  UNSIGNED_PAYLOAD,
  authorization,
  encodePath,
  encodeUri,
  headersToSign,
  sign,
  signingKeys,
  timestamp,
} from '#shared/wire/sigv4.ts'
import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { wrongLength } from '../refusals.ts'
import type { Doing } from './errors.ts'
import { refusedAnswer } from './errors.ts'
import { networkError } from './network-errors.ts'
import { bucketPlace } from './place.ts'
import type { S3Settings } from './settings.ts'

export interface ByteRequest extends Doing {
  method: 'GET' | 'PUT'
  key: string
  query?: readonly Pair[]
  /** Names in lower case. */
  headers: Record<string, string>
  content?: Content
  signal: AbortSignal
}

export interface Requests {
  /** A refusal is thrown; the body of what is not one is the caller's to read. */
  send(request: ByteRequest): Promise<Answer>
}

export function createRequests(settings: S3Settings): Requests {
  const { origin, host, root } = bucketPlace(settings)
  const scope: Scope = { scheme: AWS4, region: settings.region, service: 's3' }
  const keyOf = signingKeys(scope)
  /** How far this machine's clock is off, once S3 has said so. */
  let skew = 0

  async function signed({ method, key, query = [], headers }: ByteRequest) {
    const path = root + encodePath(key)
    const { accessKeyId, secretAccessKey, sessionToken } = await settings.credentials()
    const at = timestamp(settings.now() + skew)
    const signing: Signing = { scope, keyId: accessKeyId, at }
    const all = {
      ...headers,
      'x-amz-content-sha256': UNSIGNED_PAYLOAD,
      'x-amz-date': at.second,
      ...(sessionToken && { 'x-amz-security-token': sessionToken }),
    }
    const signable = { method, host, path, query, headers: all }
    const { signedHeaders, stringToSign } = headersToSign(signing, signable)
    const proof = sign(keyOf(secretAccessKey, at), stringToSign)
    const text = query.map((pair) => pair.map(encodeUri).join('=')).join('&')
    return {
      url: `${origin}${path}${text === '' ? '' : `?${text}`}`,
      headers: { ...all, authorization: authorization(signing, signedHeaders, proof) },
    }
  }

  return {
    async send(request) {
      const { method, key, content, signal } = request
      signal.throwIfAborted()
      const { url, headers } = await signed(request)
      let answer: Answer
      try {
        const body = content && outgoing(content, settings, key)
        answer = await exchange({ method, url, headers, body, signal })
      } catch (error) {
        if (signal.aborted || error instanceof StorageError) throw error
        if (error instanceof BodyFailed) throw error.cause
        if (error instanceof WrongLength && content) {
          throw wrongLength(settings.name, key, error.held, sizeOf(content, settings, key))
        }
        throw networkError(error, settings, key)
      }
      const { status, headers: told } = answer
      if (status >= 200 && status < 300) return answer
      const text = await textOf(answer).catch(() => '')
      if (text.includes('RequestTimeTooSkewed')) skew = skewOf(told, settings) ?? skew
      throw refusedAnswer({ status, headers: told, text }, settings, request)
    },
  }
}

function skewOf(headers: Headers, settings: S3Settings): number | undefined {
  const theirs = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(theirs) ? undefined : theirs - settings.now()
}

function outgoing(content: Content, settings: S3Settings, key: string) {
  if ('bytes' in content) return content
  const { stream, framed } = content
  return { stream, size: sizeOf(content, settings, key), framed }
}

export function sizeOf(content: Content, { name }: S3Settings, key: string): number {
  const size = 'bytes' in content ? content.bytes.length : content.size
  if (size !== undefined) return size
  const message = `${name} takes no stream whose length is not known; say the size of ${quoteKey(key)}.`
  throw new StorageError('unsupported', message, { store: name, key })
}
