// What a page is answered, and what the browser keeps from it.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Store } from '#shared/storage/store.ts'
import type { Bytes, Seen, Sending } from './page-requests.ts'
import { sendByFetch } from './page-requests.ts'

export function send(page: Page, signed: Sending['signed'], bytes?: Bytes): Promise<Seen> {
  return page.evaluate(sendByFetch, { signed, ...(bytes && { bytes }) })
}

/** This status, or any 2xx; the message says what the server said. */
export function accepted(seen: Seen, status?: number): void {
  const right = status === undefined ? Math.floor(seen.status / 100) === 2 : seen.status === status
  assert.ok(right, `${seen.status} where it should be accepted: ${textOf(seen)}`)
}

/** The browser itself refuses, and says that it is for the origin. */
export async function keepsOut(
  page: Page,
  signed: Sending['signed'],
  bytes?: Bytes,
): Promise<void> {
  const said = page.waitForEvent('console', (one) => one.text().includes('blocked by CORS policy'))
  await assert.rejects(send(page, signed, bytes), /Failed to fetch/)
  await said
}

/** Cloud Storage's refusals carry no CORS headers, so there a page learns of a failure and not which. */
export async function refuses(store: Store, sending: () => Promise<Seen>): Promise<void> {
  if (store.row.wire === 'gcs') return assert.rejects(sending(), /Failed to fetch/)
  const seen = await sending()
  const right = [400, 403, 409, 412].includes(seen.status)
  assert.ok(right, `${seen.status} where it should be refused: ${textOf(seen)}`)
}

/** What the answer calls the object: as the store does. */
export function identityIn({ headers }: Seen): string | undefined {
  return headers['x-goog-generation'] ?? unquoted(headers['etag'])
}

export function unquoted(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '')
}

export function textOf({ body }: Seen): string {
  return new TextDecoder().decode(Uint8Array.from(body)).slice(0, 500)
}
