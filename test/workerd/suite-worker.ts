// The conformance suite as a Worker: each request names one store and one case of it, and is answered with
// how it went. Bindings are found by the name that the store's URI gives.

import { caseCalled } from '../suites/storage/cases.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'
import { createHarness } from '../suites/storage/harness.ts'
import type { CaseOutcome, CaseRequest } from './run-in-workerd.ts'

export default {
  async fetch(request: Request, bindings: Record<string, unknown>): Promise<Response> {
    const { description, title } = (await request.json()) as CaseRequest
    return Response.json(await outcomeOf(description, title, bindings))
  },
}

async function outcomeOf(
  description: StoreDescription,
  title: string,
  bindings: Record<string, unknown>,
): Promise<CaseOutcome> {
  try {
    const send: typeof fetch = (input, init) => fetch(input, init)
    const harness = createHarness(description, { fetch: send, bindings })
    await caseCalled(harness, title).run(harness)
    return { passed: true }
  } catch (error) {
    if (!(error instanceof Error)) return { passed: false, message: String(error) }
    const { message, stack, cause } = error
    const told = cause instanceof Error ? `${message} (${cause.message})` : message
    return { passed: false, message: told, stack }
  }
}
