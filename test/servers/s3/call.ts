// One request on its way through the server, and the answer an operation gives it.

import type { Identity } from './authorize.ts'
import type { Content } from './content.ts'
import type { Bucket, State } from './state.ts'
import type { Target } from './target.ts'

export type Call = Target & {
  state: State
  identity: Identity
  /** The raw body; asking for it sends the 100 that an `Expect` waits for. */
  openBody: () => AsyncIterable<Buffer>
}

export type Answer = {
  status: number
  /** UTF-8 text. */
  headers?: Record<string, string>
  body?: string | Content
  /** A HEAD answers with the length of the body it does not send. */
  lengthOnly?: number
}

export type Handler = (call: Call, bucket: Bucket) => Answer | Promise<Answer>

export function xmlAnswer(body: string, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body }
}
