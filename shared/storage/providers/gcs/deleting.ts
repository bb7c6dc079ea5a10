// Deletes: one key by itself, many in one batch, each answered for itself.
// https://cloud.google.com/storage/docs/batch

import { encodeUri } from '#shared/wire/sigv4.ts'
import type { Call, DeleteResult, DeleteTarget } from '../../contract.ts'
import { isStorageError, StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import { refusalError } from './errors.ts'
import { checkGeneration } from './headers.ts'
import type { Transport } from './transport.ts'

export async function deleteObjects(
  transport: Transport,
  targets: DeleteTarget[],
  { signal }: Call,
): Promise<DeleteResult[]> {
  const [first] = targets
  if (!first) return []
  return targets.length === 1
    ? [await deleteOne(transport, first, signal)]
    : deleteBatch(transport, targets, signal)
}

/** Throws what another try may mend; a refusal for good is the result. */
async function deleteOne(
  transport: Transport,
  target: DeleteTarget,
  signal: AbortSignal,
): Promise<DeleteResult> {
  const { key } = target
  try {
    await transport.headers({ method: 'DELETE', path: deletePath(transport, target), key, signal })
    return { key }
  } catch (error) {
    if (error instanceof StorageError && error.retry === 'never') return resultOf(key, error)
    throw error
  }
}

function deletePath(transport: Transport, { key, version, ifMatch }: DeleteTarget): string {
  const conditions: string[] = []
  if (version !== undefined) conditions.push(`generation=${encodeUri(version)}`)
  if (ifMatch !== undefined) {
    const generation = checkGeneration(ifMatch, transport.settings.name, key)
    conditions.push(`ifGenerationMatch=${generation}`)
  }
  return `${transport.objectPath(key)}${conditions.length > 0 ? `?${conditions.join('&')}` : ''}`
}

/** A key that is not there counts as deleted; an error without a key is the bucket's. */
function resultOf(key: string, error: StorageError): DeleteResult {
  return isStorageError(error, 'not-found') && error.key !== undefined ? { key } : { key, error }
}

async function deleteBatch(
  transport: Transport,
  targets: DeleteTarget[],
  signal: AbortSignal,
): Promise<DeleteResult[]> {
  const results: DeleteResult[] = []
  const calls = targets.flatMap((target, index) => {
    try {
      return [batchCall(index, deletePath(transport, target))]
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      results[index] = { key: target.key, error }
      return []
    }
  })
  for (const { index, status, body } of await sendBatch(transport, calls, signal)) {
    const target = targets[index]
    if (target) results[index] = readResult(transport, target.key, status, body)
  }
  return targets.map(({ key }, index) => results[index] ?? unanswered(transport, key))
}

const BOUNDARY = 'skein_batch'

function batchCall(index: number, path: string): string {
  const head = `Content-Type: application/http\r\nContent-ID: <${index}>`
  return `--${BOUNDARY}\r\n${head}\r\n\r\nDELETE ${path} HTTP/1.1\r\n\r\n`
}

interface BatchAnswer {
  index: number
  status: number
  body: string
}

async function sendBatch(
  transport: Transport,
  calls: string[],
  signal: AbortSignal,
): Promise<BatchAnswer[]> {
  if (calls.length === 0) return []
  const { headers, text } = await transport.send({
    method: 'POST',
    path: '/batch/storage/v1',
    headers: { 'content-type': `multipart/mixed; boundary=${BOUNDARY}` },
    body: { bytes: new TextEncoder().encode(`${calls.join('')}--${BOUNDARY}--\r\n`) },
    signal,
  })
  const type = headers.get('content-type') ?? ''
  const boundary = /boundary="?([^";]+)/i.exec(type)?.[1] ?? ''
  const parts = text.split(`--${boundary}`).slice(1, -1)
  return parts.map(readAnswer)
}

/** Each part is an HTTP answer with its own head, after a head that names the call. */
function readAnswer(part: string): BatchAnswer {
  const index = Number(/^content-id:\s*<response-(\d+)>/im.exec(part)?.[1] ?? NaN)
  const status = Number(/^HTTP\/[\d.]+ (\d{3})/m.exec(part)?.[1] ?? 0)
  const body = part.split('\r\n\r\n').slice(2).join('\r\n\r\n').trim()
  return { index, status, body }
}

function readResult(transport: Transport, key: string, status: number, body: string): DeleteResult {
  if (status >= 200 && status < 300) return { key }
  const { name: store, bucket } = transport.settings
  return resultOf(key, refusalError({ store, bucket, key, writes: true }, status, body, undefined))
}

function unanswered({ settings }: Transport, key: string): DeleteResult {
  const message = `${settings.name} gave no answer about ${quoteKey(key)} in a batch; try again.`
  const details = { store: settings.name, key, ambiguous: true }
  return { key, error: new StorageError('unavailable', message, details) }
}
