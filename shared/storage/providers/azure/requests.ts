// Requests that move bytes, made here: the SDK costs several times the CPU, and takes a body in one shape
// alone. Everything else goes through the SDK. Digests and conditions are headers that Azure looks at
// whether a signature covers them or not.

import type { Answer, Outgoing } from '#shared/wire/exchange.ts'
import { BodyFailed, WrongLength, exchange, textOf } from '#shared/wire/exchange.ts'
import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import type { SignGet, SignPart, SignPut } from '../../signer.ts'
import { wrongLength } from '../refusals.ts'
import type { Attempt } from './errors.ts'
import { noAnswer, refusal } from './errors.ts'
import { encodeName, toBlobName } from './names.ts'
import { planRequest } from './request-plan.ts'
import { SAS_VERSION } from './sas.ts'
import type { AzureSettings } from './settings.ts'
import { createAzureSigner } from './sign.ts'

/** From signing to sending is no time; a queue of sockets may be some. */
const LIFE_SECONDS = 900

type Unexpiring<T> = Omit<T, 'expiresInSeconds'>

export interface ByteRequest {
  /** What is to be done, as it would be signed. */
  does: Unexpiring<SignGet> | Unexpiring<SignPut> | Unexpiring<SignPart>
  /** Beside those that go with what is done. */
  headers?: Record<string, string>
  content?: Content
  /** The write was to create. */
  creates?: boolean
  signal: AbortSignal
}

export interface Requests {
  /** A refusal is thrown; the body of what is not one is the caller's to read. */
  send(request: ByteRequest): Promise<Answer>
}

export function createRequests(settings: AzureSettings): Requests {
  const authorize = authorizer(settings)
  return {
    async send({ does, headers, content, creates, signal }) {
      signal.throwIfAborted()
      const { key } = does
      const authorized = await authorize({ ...does, expiresInSeconds: LIFE_SECONDS })
      let answer: Answer
      try {
        answer = await exchange({
          method: does.action === 'get' ? 'GET' : 'PUT',
          url: authorized.url,
          headers: { ...authorized.headers, ...headers },
          body: content && outgoing(content, settings, key),
          signal,
        })
      } catch (error) {
        if (signal.aborted || error instanceof StorageError) throw error
        if (error instanceof BodyFailed) throw error.cause
        if (error instanceof WrongLength && content) {
          throw wrongLength(settings.name, key, error.held, sizeOf(content, settings, key))
        }
        throw noAnswer(settings, codeOf(error), { key })
      }
      if (answer.status >= 200 && answer.status < 300) return answer
      await textOf(answer).catch(() => '')
      throw refusedAnswer(settings, { key, signal, creates }, answer)
    },
  }
}

type Authorize = (
  request: SignGet | SignPut | SignPart,
) => Promise<{ url: string; headers: Record<string, string> }>

/** A key signs the URL, a SAS is put behind it, and a token goes before it in a header. */
function authorizer(settings: AzureSettings): Authorize {
  const { credential, endpoint, container } = settings
  if (credential.kind === 'key') {
    const signer = createAzureSigner(settings)
    return (request) => signer.presign(request)
  }
  return async (request) => {
    const { headers, query } = planRequest(request, settings)
    const url = `${endpoint}/${container}/${encodeName(toBlobName(request.key))}`
    if (credential.kind === 'sas') return { url: `${url}?${query}${credential.sas.query}`, headers }
    const { token } = await credential.token()
    return {
      url: `${url}?${query}`.replace(/[?&]$/, ''),
      headers: { ...headers, authorization: `Bearer ${token}`, 'x-ms-version': SAS_VERSION },
    }
  }
}

function refusedAnswer(
  settings: AzureSettings,
  attempt: Attempt,
  { status, headers }: Answer,
): StorageError {
  const told = (name: string): string | undefined => headers.get(name) ?? undefined
  const code = told('x-ms-error-code')
  return refusal(settings, attempt, {
    ...{ status, code, retryAfter: told('retry-after'), date: told('date') },
  })
}

function outgoing(content: Content, settings: AzureSettings, key: string): Outgoing {
  if ('bytes' in content) return content
  const { stream, framed } = content
  return { stream, size: sizeOf(content, settings, key), framed }
}

export function sizeOf(content: Content, { name }: AzureSettings, key: string): number {
  const size = 'bytes' in content ? content.bytes.length : content.size
  if (size !== undefined) return size
  const message = `${name} takes no stream of unknown length; say the size of ${quoteKey(key)}, or send it in parts.`
  throw new StorageError('unsupported', message, { store: name, key })
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
