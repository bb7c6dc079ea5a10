// Signed requests used as their bearer would: with nothing in hand but what was signed. An answer becomes the
// storage error that the verdicts are made from; no signature gets into it.

import { StorageError } from '../errors.ts'
import type { Presigned } from '../signer.ts'
import type { Client } from './ground.ts'

export interface Bearer {
  body?: string | undefined
  /** Changes a header's value. */
  forge?: ((value: string) => string) | undefined
}

/** Sends it; whatever is not a 2xx is thrown. */
export async function sendSigned(
  { fetch, signal }: Client,
  signed: Presigned,
  { body, forge = (value) => value }: Bearer = {},
): Promise<Response> {
  const headers = Object.fromEntries(
    Object.entries(signed.headers)
      // The client's own: it counts the bytes that it sends.
      .filter(([name]) => !/^(content-length|host)$/i.test(name))
      .map(([name, value]) => [name, forge(value)]),
  )
  const sent = signed.fields ? formOf(signed.fields, body ?? '') : (body ?? null)
  const request = {
    method: signed.method,
    headers,
    body: sent,
    signal,
    redirect: 'manual',
  } as const
  const answer = await fetch(signed.url, request).catch((error: unknown) => {
    if (signal.aborted) throw signal.reason
    throw noAnswer(signed, error)
  })
  if (answer.ok) return answer
  throw refusal(signed, answer.status, await answer.text())
}

function formOf(fields: Record<string, string>, body: string): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([body]), 'probe')
  return form
}

function noAnswer({ url, method }: Presigned, cause: unknown): StorageError {
  const message = `Nothing answered the signed ${method} at ${new URL(url).origin}; check that this address can be reached.`
  return new StorageError('unavailable', message, { cause })
}

function refusal({ method }: Presigned, status: number, body: string): StorageError {
  const code = /<Code>(\w{1,60})<\/Code>/.exec(body)?.[1]
  const message = `A signed ${method} was answered with ${[status, code].filter(Boolean).join(' ')}.`
  const none = status === 429 || (status >= 500 && status !== 501)
  return new StorageError(none ? 'unavailable' : 'unsupported', message, { status })
}
