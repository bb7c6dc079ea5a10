// Requests to the blob service, and what became of them: an answer, or this project's own error. Without the
// SDK, which costs several times the CPU and takes a body in one shape alone. Digests and conditions are
// headers that Azure looks at whether a signature covers them or not.

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type { Answer, ExchangeRequest, Outgoing } from '#shared/wire/exchange.ts'
import { BodyFailed, WrongLength, exchange, textOf } from '#shared/wire/exchange.ts'
import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { strangeAnswer, wrongLength } from '../refusals.ts'
import { authorizer } from './authorization.ts'
import type { Attempt } from './errors.ts'
import { noAnswer, refusal } from './errors.ts'
import { encodeName, encodeQuery, toBlobName } from './names.ts'
import { SAS_VERSION } from './sas.ts'
import type { AzureSettings } from './settings.ts'

/** https://learn.microsoft.com/rest/api/storageservices/common-rest-response-headers */
const EVERY_ANSWER_HAS = 'x-ms-request-id'

/** Without a key it asks the container. */
export interface AzureRequest extends Attempt {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  version?: string | undefined
  query?: Record<string, string | undefined>
  headers?: Record<string, string>
  content?: Content
  /** What a SAS has to allow for it, in Azure's order, `racwdxltmeiy`. */
  permissions: string
}

type Prepared = Pick<ExchangeRequest, 'url' | 'headers'>

export interface Requests {
  /** What would be sent, but for the content. */
  prepare(request: AzureRequest): Promise<Prepared>
  /** A refusal is thrown; the body of what is not one is the caller's to read. */
  send(request: AzureRequest): Promise<Answer>
  /** For answers that are read whole: one that breaks off on the way is no answer. */
  read(request: AzureRequest): Promise<{ headers: AnswerHeaders; text: string }>
  /** For answers that say all in their headers. Nothing is in the body, and it has to come all the same. */
  headers(request: AzureRequest): Promise<AnswerHeaders>
}

export function createRequests(settings: AzureSettings): Requests {
  const authorize = authorizer(settings)
  const base = `${settings.endpoint}/${settings.container}`

  async function prepare(request: AzureRequest): Promise<Prepared> {
    const { key, version: versionid, permissions } = request
    const given = encodeQuery({ ...request.query, versionid })
    const { query, headers } = await authorize(permissions)
    const behind = given && query ? `${given}&${query}` : given + query
    const path = key === undefined ? base : `${base}/${encodeName(toBlobName(key))}`
    return {
      url: behind ? `${path}?${behind}` : path,
      // Else a SAS would be answered as in the days of its own version, without versions and tags.
      headers: { 'x-ms-version': SAS_VERSION, ...headers, ...request.headers },
    }
  }

  async function send(request: AzureRequest): Promise<Answer> {
    const { method, key, content, signal } = request
    signal.throwIfAborted()
    const prepared = await prepare(request)
    const body = content && outgoing(content, settings, key)
    const answer = await exchange({ ...prepared, method, body, signal }).catch((error: unknown) => {
      throw unsent(settings, request, error)
    })
    const { status, headers } = answer
    if (status < 200 || status >= 300) {
      await textOf(answer).catch(() => '')
      throw refusedAnswer(settings, request, answer)
    }
    if (headers.has(EVERY_ANSWER_HAS)) return answer
    await answer.body.cancel()
    throw strangeAnswer(settings.name, key)
  }

  async function read(request: AzureRequest): Promise<{ headers: AnswerHeaders; text: string }> {
    const answer = await send(request)
    const text = await textOf(answer).catch((error: unknown) => {
      throw request.signal.aborted ? error : noAnswer(settings, codeOf(error), request)
    })
    return { headers: answer.headers, text }
  }

  return { prepare, send, read, headers: async (request) => (await read(request)).headers }
}

/** What is thrown in place of `error`; an abort is left as it is. */
function unsent(settings: AzureSettings, request: AzureRequest, error: unknown): unknown {
  const { key, content, signal } = request
  if (signal.aborted || error instanceof StorageError) return error
  if (error instanceof BodyFailed) return error.cause
  if (error instanceof WrongLength && content && key !== undefined) {
    return wrongLength(settings.name, key, error.held, sizeOf(content, settings, key))
  }
  return noAnswer(settings, codeOf(error), request)
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

function outgoing(content: Content, settings: AzureSettings, key = ''): Outgoing {
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
