// Azure's HTTP client over `fetch`, in place of its own over `node:http`: workerd's `node:http` never tells
// of a connection that was refused or cut, so a call would wait for its time limit. Bodies go through as
// they are: a length is declared, and what is stored compressed is not unpacked.

import { Readable } from 'node:stream'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import type { PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline'
import { createHttpHeaders, RestError } from '@azure/core-rest-pipeline'

/** Workers' own: `fetch` sends such a stream with its length. */
declare const FixedLengthStream: new (length: number) => TransformStream<Uint8Array, Uint8Array>

/** By the name of what it replaces. */
export function createNodeHttpClient() {
  return { sendRequest }
}

async function sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
  const response = await send(request)
  const headers = createHttpHeaders(Object.fromEntries(response.headers))
  const answer = { request, headers, status: response.status }
  const { streamResponseStatusCodes: streamed } = request
  if (streamed?.has(response.status) || streamed?.has(Number.POSITIVE_INFINITY)) {
    const body = response.body ?? new Blob().stream()
    return { ...answer, readableStreamBody: Readable.fromWeb(body as NodeWebStream<Uint8Array>) }
  }
  return { ...answer, bodyAsText: await told(request, () => response.text()) }
}

function send(request: PipelineRequest): Promise<Response> {
  const { url, method, abortSignal } = request
  const init = {
    method,
    headers: request.headers.toJSON(),
    body: bodyOf(request),
    redirect: 'manual',
    encodeResponseBody: 'manual',
    ...(abortSignal && { signal: abortSignal as AbortSignal }),
  } as const
  return told(request, () => fetch(url, init))
}

/** What breaks the connection is told as the SDK tells it, before an answer or within one. */
async function told<T>(request: PipelineRequest, receive: () => Promise<T>): Promise<T> {
  try {
    return await receive()
  } catch (error) {
    if (request.abortSignal?.aborted) throw error
    throw new RestError('The connection broke off.', {
      code: RestError.REQUEST_SEND_ERROR,
      request,
    })
  }
}

function bodyOf({ body, headers }: PipelineRequest): BodyInit | null {
  const given: unknown = typeof body === 'function' ? body() : body
  if (!(given instanceof Readable)) return (given ?? null) as BodyInit | null
  const stream = Readable.toWeb(given) as ReadableStream<Uint8Array>
  return stream.pipeThrough(new FixedLengthStream(Number(headers.get('content-length'))))
}
