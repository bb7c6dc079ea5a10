// A `fetch` that looks on, and breaks what a test wants broken: what it lets through is the real thing.

export interface Wire {
  fetch: typeof fetch
  /** What went to the stores and was answered, as `PUT 200`; `-` where nobody answered. */
  sent: string[]
  /** Bytes of those that were taken. */
  sentBytes: () => number
}

export interface Outgoing {
  /** The nth request to a store, or to Skein, from 1. */
  number: number
  toSkein: boolean
  method: string
  url: string
  body: unknown
}

/** Rewrites the request, answers in the store's place, throws as a lost network does, or lets it through. */
export type Meddle = (
  outgoing: Outgoing,
  pass: (changed?: { url?: string; body?: Blob }) => Promise<Response>,
) => Promise<Response>

export function createWire(skeinUrl: string, meddle: Meddle = (_, pass) => pass()): Wire {
  const sent: string[] = []
  const counts = { skein: 0, store: 0 }
  let bytes = 0
  return {
    sent,
    sentBytes: () => bytes,
    async fetch(input, init = {}) {
      const url = input instanceof Request ? input.url : input.toString()
      const { method = 'GET', body } = init
      const toSkein = url.startsWith(`${skeinUrl}/v1/`)
      const number = ++counts[toSkein ? 'skein' : 'store']
      const pass = (changed: { url?: string; body?: Blob } = {}) =>
        fetch(changed.url ?? url, { ...init, body: changed.body ?? body ?? null })
      if (toSkein) return meddle({ number, toSkein, method, url, body }, pass)
      const at = sent.push(`${method} -`) - 1
      const answer = await meddle({ number, toSkein, method, url, body }, pass)
      sent[at] = `${method} ${answer.status}`
      if (answer.status < 400 && body instanceof Blob) bytes += body.size
      return answer
    },
  }
}

export function networkLost(): Promise<never> {
  return Promise.reject(new TypeError('fetch failed'))
}
