// Requests to one bucket and their answers. No SDK makes them: it costs each call several times the CPU and a
// Worker its start. Every answer is read to its end, but for one whose body is the caller's.

import type { AnswerHeaders } from '#shared/wire/answer-headers.ts'
import type { Answer } from '#shared/wire/exchange.ts'
import { BodyFailed, WrongLength, exchange, textOf } from '#shared/wire/exchange.ts'
import { rootOf } from '#shared/wire/xml.ts'
import type { Content } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { strangeAnswer, wrongLength } from '../refusals.ts'
import type { Doing } from './errors.ts'
import { refusedAnswer } from './errors.ts'
import { networkError } from './network-errors.ts'
import type { S3Settings } from './settings.ts'
import { createRequestSigner } from './request-signer.ts'

export interface S3Request extends Pick<Doing, 'mode'> {
  method: 'DELETE' | 'GET' | 'HEAD' | 'POST' | 'PUT'
  /** Absent: the bucket itself. */
  key?: string
  /** What messages are about, where it is another than the key. */
  about?: string
  query?: Readonly<Record<string, string | undefined>>
  /** Names in lower case. */
  headers?: Readonly<Record<string, string>>
  content?: Content
  signal: AbortSignal
}

export interface XmlAnswer {
  headers: AnswerHeaders
  xml: string
  /** The name of the outermost element. */
  root: string
}

export interface Requests {
  /** A refusal is thrown; the body of what is not one is the caller's to read. */
  send(request: S3Request): Promise<Answer>
  /** For answers that say all in their headers. Nothing is in the body, and it has to come all the same. */
  headers(request: S3Request): Promise<AnswerHeaders>
  /** For answers of XML. A refusal is one also where it comes as a 200, begun before the outcome was known. */
  xml(request: S3Request): Promise<XmlAnswer>
}

export function createRequests(settings: S3Settings): Requests {
  const signer = createRequestSigner(settings)

  async function send(request: S3Request): Promise<Answer> {
    const { method, key = '', content, signal } = request
    signal.throwIfAborted()
    const { url, headers } = await signer.sign(request)
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
      throw networkError(error, settings, doingOf(request).key)
    }
    const { status, headers: told } = answer
    if (status >= 200 && status < 300) return answer
    const text = await textOf(answer).catch(() => '')
    if (text.includes('RequestTimeTooSkewed')) signer.learnTime(told)
    throw refusedAnswer({ status, headers: told, text }, settings, doingOf(request))
  }

  /** All of it: one that broke off on the way is no answer. */
  async function receive(request: S3Request): Promise<{ answer: Answer; text: string }> {
    const answer = await send(request)
    try {
      return { answer, text: await textOf(answer) }
    } catch (error) {
      request.signal.throwIfAborted()
      throw networkError(error, settings, doingOf(request).key)
    }
  }

  return {
    send,
    headers: async (request) => (await receive(request)).answer.headers,
    async xml(request) {
      const { answer, text } = await receive(request)
      return readXml(settings, request, answer, text)
    },
  }
}

function readXml(
  settings: S3Settings,
  request: S3Request,
  { status, headers }: Answer,
  xml: string,
): XmlAnswer {
  const doing = doingOf(request)
  const root = rootOf(xml)
  if (root === 'Error') throw refusedAnswer({ status, headers, text: xml }, settings, doing)
  if (root !== undefined) return { headers, xml, root }
  // White space alone, sent while S3 worked, and then nothing: nobody knows how it ended.
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
  const broken = xml.trim() === '' && request.method !== 'GET'
  if (broken) throw networkError(new Error('the answer is empty'), settings, doing.key)
  throw strangeAnswer(settings.name, doing.key)
}

function doingOf({ key, about = key, mode }: S3Request): Doing {
  return { key: about, mode }
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
