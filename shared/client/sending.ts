// One signed request, sent until the store has taken it: again after what passes, newly signed where the
// signature is refused. What the store says of the bytes is compared with the bytes.

import type { Patience } from './backoff.ts'
import { retry } from './backoff.ts'
import { crc32c } from './crc32c.ts'
import { SkeinError, isPassing, kindOfStatus, retryAfterSeconds } from './errors.ts'
import type { SignedRequest } from './protocol.ts'
import type { Answer, Transport } from './transport.ts'

/** What all requests of one upload share. */
export interface Line {
  send: Transport
  patience: Patience
  signal: AbortSignal | undefined
}

export interface Delivery {
  /** For the sentence when it fails: `part 3`. */
  what: string
  signed: SignedRequest
  body: Blob
  /** The same request, signed anew. */
  renew: () => Promise<SignedRequest>
  /**
   * The whole object goes with it, so that completion can tell whether it has arrived. What is not the whole
   * may be renewed after network failures too: a refusal that a page may not read looks like one.
   */
  whole: boolean
  /** It must not overwrite. */
  create: boolean
  onProgress: (sentBytes: number) => void
}

const SILENT_ATTEMPTS = 2

/**
 * Resolves with the answer, or with undefined when that of a whole object was lost and the next try was refused:
 * then only completion knows whether it has arrived.
 */
export async function deliver(line: Line, delivery: Delivery): Promise<Answer | undefined> {
  let { signed } = delivery
  let renewed = false
  async function once(): Promise<Answer> {
    const answer = await line.send({
      signed,
      body: signed.fields ? formOf(signed.fields, delivery.body) : delivery.body,
      onProgress: delivery.onProgress,
      signal: line.signal,
    })
    checkAnswer(answer, delivery.what, delivery.create)
    await checkBytes(answer, delivery)
    return answer
  }
  return retry(
    async (attempt) => {
      const unsure = attempt > 1
      if (!delivery.whole && attempt > SILENT_ATTEMPTS) signed = await delivery.renew()
      try {
        return await once()
      } catch (error) {
        if (!(error instanceof SkeinError)) throw error
        const refused = error.kind === 'denied'
        if (delivery.whole && unsure && (refused || error.kind === 'exists')) return undefined
        if (!refused || renewed) throw error
        renewed = true
        signed = await delivery.renew()
        return once()
      }
    },
    line.patience,
    line.signal,
  )
}

/** The file goes last. */
function formOf(fields: Record<string, string>, file: Blob): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', file)
  return form
}

/** Throws unless the store took it. */
export function checkAnswer(answer: Answer, what: string, create = false): void {
  const { status } = answer
  if (status >= 200 && status < 300) return
  const code = /<(?:Code|code)>([^<]{1,80})</.exec(answer.text)?.[1]
  const kind = kindOf(status, code, create)
  throw new SkeinError(kind, sentence(kind, what, `${status}${code ? ` ${code}` : ''}`), {
    status,
    passing:
      isPassing(status) || code === 'RequestTimeout' || code === 'ConditionalRequestConflict',
    retryAfterSeconds: retryAfterSeconds(answer.header('retry-after')),
  })
}

/** Cloud Storage says with 400 that a URL has expired, and Azure with 403 that it may create and not overwrite. */
function kindOf(status: number, code: string | undefined, create: boolean): SkeinError['kind'] {
  if (status === 412 || (create && code === 'AuthorizationPermissionMismatch')) return 'exists'
  return status === 401 || code === 'ExpiredToken' ? 'denied' : kindOfStatus(status)
}

function sentence(kind: SkeinError['kind'], what: string, said: string): string {
  if (kind === 'exists') return `The store refused ${what} (${said}): the key is taken.`
  if (kind === 'denied') return `The store refused the signature of ${what} (${said}).`
  return `The store refused ${what} (${said}).`
}

/** Where the store tells a CRC-32C and the page may read it. */
async function checkBytes(answer: Answer, { body, what }: Delivery): Promise<void> {
  const told =
    answer.header('x-amz-checksum-crc32c') ??
    /crc32c=([\w+/]+=*)/.exec(answer.header('x-goog-hash') ?? '')?.[1]
  if (told === undefined || told === (await crc32c(body))) return
  throw new SkeinError('corrupt', `The bytes of ${what} changed on their way to the store.`, {
    passing: true,
  })
}
