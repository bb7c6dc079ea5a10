// What `@uppy/aws-s3` 6.3 sends to its companion, request by request as its CompanionS3.ts writes them, so
// that the endpoints can be tried without a browser; the browser's tests run the plugin itself.

import { expect } from 'vitest'

export interface FormPlan {
  url: string
  fields: Record<string, string>
  dropped: Record<string, string>
}

export interface Finished {
  key: string
  location: string
  size: number
}

export function companion(endpoint: string) {
  const at = (path: string, init?: RequestInit) => fetch(`${endpoint}/s3${path}`, init)
  const post = (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    return at(path, { method: 'POST', body: JSON.stringify(body), headers })
  }
  const id = encodeURIComponent
  return {
    params(filename: string, type: string, metadata: Record<string, unknown> = {}) {
      const named = Object.entries(metadata).map(([k, v]) => [`metadata[${k}]`, String(v)])
      const query = new URLSearchParams({ filename, type, ...Object.fromEntries(named) })
      return at(`/params?${query}`)
    },
    create: (filename: string, type: string, metadata: object = {}) =>
      post('/multipart', { filename, type, metadata }),
    sign: (uploadId: string, n: number, key = 'k') =>
      at(`/multipart/${id(uploadId)}/${n}?${new URLSearchParams({ key })}`),
    list: (uploadId: string, key = 'k') =>
      at(`/multipart/${id(uploadId)}?${new URLSearchParams({ key })}`),
    complete: (uploadId: string, parts: { PartNumber: number; ETag: string }[], key = 'k') =>
      post(`/multipart/${id(uploadId)}/complete?${new URLSearchParams({ key })}`, { parts }),
    abort: (uploadId: string, key = 'k') =>
      at(`/multipart/${id(uploadId)}?${new URLSearchParams({ key })}`, { method: 'DELETE' }),
    /** What an application may send after a form. */
    done: (key: string) => post('/done', { key }),
  }
}

export type Companion = ReturnType<typeof companion>

export async function answered<T>(answer: Promise<Response>): Promise<T> {
  const { status, ...body } = await read(await answer)
  expect({ status, ...(status !== 200 && body) }).toEqual({ status: 200 })
  return body.json as T
}

/** What went wrong, as a problem document tells it. */
export async function refused(answer: Promise<Response>) {
  const { status, json } = await read(await answer)
  expect(status).toBeGreaterThanOrEqual(400)
  const { detail = '', rule } = json as { detail?: string; rule?: string }
  return { status, detail, rule }
}

async function read(answer: Response): Promise<{ status: number; json: unknown }> {
  const text = await answer.text()
  return { status: answer.status, json: JSON.parse(text) as unknown }
}

/** A form as a browser posts it: the file last. */
export function postForm({ url, fields }: FormPlan, bytes: Uint8Array<ArrayBuffer>) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([bytes]))
  return fetch(url, { method: 'POST', body: form })
}

/** Signed, sent with no header of ours, and its ETag read, as Uppy does for each part in turn. */
export async function sendPart(
  to: Companion,
  uploadId: string,
  partNumber: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ PartNumber: number; ETag: string }> {
  const { url } = await answered<{ url: string }>(to.sign(uploadId, partNumber))
  const sent = await fetch(url, { method: 'PUT', body: new Blob([bytes]) })
  expect(sent.status).toBe(200)
  const etag = sent.headers.get('etag') ?? ''
  expect(etag).not.toBe('')
  return { PartNumber: partNumber, ETag: etag.replace(/^"+|"+$/g, '') }
}
