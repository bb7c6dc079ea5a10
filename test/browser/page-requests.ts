// What runs inside the page: plain `fetch` and `XMLHttpRequest`, as an application would use them, sending a
// signed request exactly as it was given. Each function is handed over as text, so it uses nothing outside of itself.

import type { Presigned } from '#shared/storage/signer.ts'

/** Bytes that the page asks its own server for; with `first` and `end`, a slice of them. */
export interface Bytes {
  size: number
  seed: number
  first?: number
  end?: number
}

export interface Sending {
  signed: Pick<Presigned, 'method' | 'url' | 'headers' | 'fields'>
  bytes?: Bytes
}

/** An answer as the page sees it: only the headers that it may read. */
export interface Seen {
  status: number
  headers: Record<string, string>
  body: number[]
}

export async function sendByFetch({ signed, bytes }: Sending): Promise<Seen> {
  const { method, url, headers } = signed
  const { size = 0, seed = 0, first = 0, end = size } = bytes ?? {}
  const own = bytes && (await fetch(`/bytes?size=${size}&seed=${seed}`))
  const body = own && (await own.arrayBuffer()).slice(first, end)
  const answer = await fetch(url, { method, headers, ...(body && { body }) })
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: [...new Uint8Array(await answer.arrayBuffer())],
  }
}

/** The file goes last. */
export async function submitForm({ signed, bytes }: Sending): Promise<Seen> {
  const form = new FormData()
  for (const [name, value] of Object.entries(signed.fields ?? {})) form.append(name, value)
  const own = await fetch(`/bytes?size=${bytes?.size}&seed=${bytes?.seed}`)
  form.append('file', await own.blob(), 'file.bin')
  const answer = await fetch(signed.url, { method: signed.method, body: form })
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    body: [...new Uint8Array(await answer.arrayBuffer())],
  }
}

export interface Progress {
  status: number
  etag: string | null
  events: { loaded: number; total: number; known: boolean }[]
}

export async function sendByXhr({ signed, bytes }: Sending): Promise<Progress> {
  const own = await fetch(`/bytes?size=${bytes?.size}&seed=${bytes?.seed}`)
  const body = await own.blob()
  return new Promise((resolve, reject) => {
    const events: Progress['events'] = []
    const request = new XMLHttpRequest()
    request.open(signed.method, signed.url)
    for (const [name, value] of Object.entries(signed.headers)) {
      // The browser's own: it counts the bytes, and warns of whoever sets it.
      if (name !== 'content-length') request.setRequestHeader(name, value)
    }
    request.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) => {
      events.push({ loaded, total, known: lengthComputable })
    })
    request.addEventListener('load', () => {
      resolve({ status: request.status, etag: request.getResponseHeader('etag'), events })
    })
    request.addEventListener('error', () => reject(new Error('the upload failed')))
    request.send(body)
  })
}
