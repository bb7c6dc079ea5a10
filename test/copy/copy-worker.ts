// The copy cases as a Worker: each request names two stores and one case, and is answered with how it went.

import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { COPY_CASES } from './cases.ts'

export interface CopyRequest {
  from: StoreDescription
  to: StoreDescription
  title: string
}

export default {
  async fetch(request: Request, bindings: Record<string, unknown>): Promise<Response> {
    const { from, to, title } = (await request.json()) as CopyRequest
    const send: typeof fetch = (input, init) => fetch(input, init)
    const harness = (description: StoreDescription) =>
      createHarness(description, { fetch: send, bindings })
    try {
      await COPY_CASES[title]!({ from: harness(from), to: harness(to), through: 'here' })
      return new Response('')
    } catch (error) {
      const { stack, message, cause } = error instanceof Error ? error : new Error(String(error))
      return new Response(`${message} (${String(cause)})\n${stack}`, { status: 500 })
    }
  },
}
