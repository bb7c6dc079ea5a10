/**
 * JSON API batches: up to 100 calls in one multipart/mixed request, each answered as if it had
 * come alone. Uploads and downloads are not allowed inside.
 * https://cloud.google.com/storage/docs/batch
 */
import { STATUS_CODES } from 'node:http'
import { randomBytes } from 'node:crypto'
import type { Answer, Call } from './call.ts'
import { bodyOf, json, readAll } from './call.ts'
import { invalid, toJsonError } from './errors.ts'
import type { Part } from './multipart-body.ts'
import { boundaryOf, parseHeaders, readParts } from './multipart-body.ts'

const MAX_CALLS = 100

export async function answerBatch(
  call: Call,
  answerOne: (inner: Call) => Promise<Answer>,
): Promise<Answer> {
  const contentType = call.headers['content-type']
  if (!/^multipart\/mixed/i.test(contentType ?? '')) {
    throw invalid('A batch needs the content type multipart/mixed.')
  }
  const calls: { id: string; inner: Call }[] = []
  for await (const part of readParts(call.body, boundaryOf(contentType))) {
    if (calls.length === MAX_CALLS) throw invalid(`A batch may hold at most ${MAX_CALLS} calls.`)
    calls.push({ id: part.headers['content-id'] ?? '', inner: await readCall(call, part) })
  }
  if (calls.length === 0) throw invalid('The batch is empty.')
  const boundary = `batch_${randomBytes(18).toString('base64url')}`
  const answers: string[] = []
  for (const { id, inner } of calls) {
    const isDownload = inner.query.get('alt') === 'media'
    answers.push(writeAnswer(id, isDownload ? refuseDownload() : await answerOne(inner)))
  }
  const body = `${answers.map((text) => `--${boundary}\r\n${text}`).join('')}--${boundary}--\r\n`
  return {
    status: 200,
    headers: { 'content-type': `multipart/mixed; boundary=${boundary}` },
    body,
  }
}

function refuseDownload(): Answer {
  return json(400, toJsonError(invalid('A batch cannot hold downloads of media.')))
}

async function readCall(outer: Call, part: Part): Promise<Call> {
  if (!/^application\/http/i.test(part.headers['content-type'] ?? '')) {
    throw invalid('Each part of a batch needs the content type application/http.')
  }
  const text = (await readAll(part.body)).toString('utf8')
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  const [requestLine = '', ...lines] = head.split('\r\n')
  const [method = '', target = ''] = requestLine.split(' ')
  if (!target.startsWith('/storage/v1/'))
    throw invalid('A part of the batch is not a storage call.')
  const [path = '', query = ''] = target.split('?')
  const authorization = outer.headers['authorization']
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: { authorization, ...parseHeaders(lines.join('\r\n')) },
    body: bodyOf(Buffer.from(end < 0 ? '' : text.slice(end + 4))),
    origin: outer.origin,
  }
}

function writeAnswer(id: string, answer: Answer): string {
  const body = typeof answer.body === 'string' ? answer.body : ''
  const headers = Object.entries(answer.headers)
    .filter(([name]) => name !== 'content-length')
    .map(([name, value]) => `${name}: ${String(value)}\r\n`)
  const reply = id === '' ? '' : `Content-ID: <response-${id.replace(/^<|>$/g, '')}>\r\n`
  return (
    `Content-Type: application/http\r\n${reply}\r\n` +
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n` +
    `${headers.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}\r\n`
  )
}
