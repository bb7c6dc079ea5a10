// The parts that the provider lists against those there should be, before anything is put together: all of
// them, of their sizes, and the very ones that the client says it sent.

import type { CompleteRequest } from '#shared/client/protocol.ts'
import type { Part } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { partBytes } from './cut.ts'
import type { Ticket } from './ticket.ts'

/** In order of number; throws `invalid` with what to send again. */
export function checkArrived(
  store: string,
  ticket: Ticket,
  listed: readonly Part[],
  { parts: told }: CompleteRequest,
): Part[] {
  const { key, cut } = ticket
  const byNumber = new Map(listed.map((part) => [part.partNumber, part]))
  const wanted = cut
    ? Array.from({ length: cut.count }, (_, i) => i + 1)
    : (told ?? listed).map(({ partNumber }) => partNumber).toSorted((a, b) => a - b)
  const refuse = (what: string): StorageError =>
    new StorageError('invalid', `${quoteKey(key)} cannot be completed: ${what}.`, { store, key })
  const missing = wanted.filter((n) => !byNumber.has(n))
  if (missing.length > 0 || wanted.length === 0) {
    throw refuse(
      `part ${few(missing)} of ${wanted.length} has not arrived; send it and complete again`,
    )
  }
  const parts = wanted.flatMap((n) => byNumber.get(n) ?? [])
  checkSizes(ticket, parts, refuse)
  checkTold(parts, told, refuse)
  return parts
}

function few(numbers: readonly number[]): string {
  const shown = numbers.slice(0, 10).join(', ')
  return numbers.length > 10 ? `${shown} and ${numbers.length - 10} more` : shown || '1'
}

type Refuse = (what: string) => StorageError

function checkSizes({ cut, constraints }: Ticket, parts: readonly Part[], refuse: Refuse): void {
  const { minBytes, maxBytes } = constraints
  for (const { partNumber, size } of cut ? parts : []) {
    const right = partBytes(cut!, maxBytes, partNumber)
    if (size === right) continue
    throw refuse(`part ${partNumber} is ${size} bytes and should be ${right}; send it again`)
  }
  const sum = parts.reduce((bytes, { size }) => bytes + size, 0)
  if (sum >= minBytes && sum <= maxBytes) return
  throw refuse(`its parts are ${sum} bytes, and ${minBytes} to ${maxBytes} are allowed here`)
}

/** An ETag that the client read differs where another's part took the number; a block of Azure has none. */
function checkTold(
  parts: readonly Part[],
  told: CompleteRequest['parts'] = [],
  refuse: Refuse,
): void {
  const byNumber = new Map(parts.map((part) => [part.partNumber, part]))
  for (const { partNumber, etag, size } of told) {
    const part = byNumber.get(partNumber)
    if (!part) throw refuse(`it has no part ${partNumber}`)
    const other = etag !== undefined && etag !== '' && bare(etag) !== bare(part.etag)
    if (!other && (size === undefined || size === part.size)) continue
    throw refuse(`part ${partNumber} is another than the one that was sent; send it again`)
  }
}

function bare(etag: string): string {
  return etag.replaceAll('"', '')
}
