// Uploads in parts: begun by Skein, their parts signed at most a hundred at a time, each held to its length
// where the provider can.

import type { Principal } from '#shared/access/principal.ts'
import type { PartRequest, PartsPlan, PartsRequest } from '#shared/client/protocol.ts'
import type { Part, PutMode } from '#shared/storage/contract.ts'
import { StorageError, absentAlone } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import type { Presigned } from '#shared/storage/signer.ts'
import type { UploadContext } from './context.ts'
import { mostParts, partBytes } from './cut.ts'
import { checkDigest } from './policy.ts'
import { toSignedRequest } from './signed-request.ts'
import type { Ticket } from './ticket.ts'
import { landingKey, openTicket, sealTicket } from './ticket.ts'

const MOST_AT_ONCE = 100
const NUMBER = /^[1-9]\d{0,8}$/

type SignedParts = Omit<PartsPlan, 'id'>

export async function planParts(
  context: UploadContext,
  who: Principal,
  id: string,
  request: PartsRequest,
): Promise<PartsPlan> {
  const opened = openTicket(context, who, id, 'sign')
  checkParts(context, opened)
  // A digest for a part that is not there would hold nobody to anything.
  checkThere(context, opened, Object.keys(request.checksums ?? {}))
  const expiresInSeconds = context.policy.checkExpiry(request.expiresInSeconds)
  const ticket = opened.uploadId === undefined ? await beginParts(context, opened) : opened
  const numbers = await numbersOf(context, ticket, request, opened.uploadId === undefined)
  const signed = await signParts(context, ticket, numbers, { ...request, expiresInSeconds })
  return { id: ticket === opened ? id : sealTicket(context, ticket), ...signed }
}

export function checkParts({ store }: UploadContext, { method, found, key }: Ticket): void {
  const where = { store: store.name, key }
  if (method !== 'parts') {
    const message = `The upload of ${quoteKey(key)} goes by ${method}, and has no parts.`
    throw new StorageError('invalid', message, where)
  }
  if (!found) return
  const message = `This upload of ${quoteKey(key)} was found in a listing: it can be looked at and aborted; going on takes the id that it was planned with.`
  throw new StorageError('denied', message, where)
}

/** Nothing is kept of it but the new id. */
export async function beginParts(context: UploadContext, ticket: Ticket): Promise<Ticket> {
  const { reserved } = context
  const properties = ticket.properties ?? {}
  const mode = commitMode(context, ticket)
  const uploadId = await reserved.groups.multipart.begin(landingKey(ticket), {
    ...properties,
    mode,
  })
  return { ...ticket, uploadId }
}

/** Where the provider commits parts without a condition, completion looks before it. */
export function commitMode(
  { store }: UploadContext,
  { staged, constraints }: Ticket,
): Extract<PutMode, string> {
  const able = store.capabilities.multipart?.create ?? false
  return constraints.ifAbsent && !staged && able ? 'create' : 'overwrite'
}

/** What to sign first; the sender of an upload of unknown size asks for each number. */
export function firstParts({ cut }: Ticket, arrived: readonly Part[] = []): number[] {
  if (cut === undefined) return []
  const there = new Set(arrived.map(({ partNumber }) => partNumber))
  const numbers: number[] = []
  for (let n = 1; n <= cut.count && numbers.length < MOST_AT_ONCE; n++) {
    if (!there.has(n)) numbers.push(n)
  }
  return numbers
}

async function numbersOf(
  context: UploadContext,
  ticket: Ticket,
  { partNumbers }: PartsRequest,
  fresh: boolean,
): Promise<number[]> {
  if (partNumbers) {
    checkNumbers(context, ticket, partNumbers)
    return partNumbers
  }
  const listed = !fresh && context.store.capabilities.multipart?.listParts
  return firstParts(ticket, listed ? await arrivedSoFar(context, ticket) : [])
}

/** An upload of Azure is its blocks: before the first of them has arrived there is none to be found. */
async function arrivedSoFar(context: UploadContext, ticket: Ticket): Promise<Part[]> {
  const noneYet = context.store.row.wire === 'azure'
  return noneYet
    ? ((await listArrived(context, ticket).catch(absentAlone)) ?? [])
    : listArrived(context, ticket)
}

export function listArrived({ reserved }: UploadContext, ticket: Ticket): Promise<Part[]> {
  return reserved.groups.multipart.listParts(landingKey(ticket), ticket.uploadId ?? '')
}

function checkNumbers(context: UploadContext, ticket: Ticket, numbers: readonly number[]): void {
  if (numbers.length > MOST_AT_ONCE || new Set(numbers).size !== numbers.length) {
    const message = `${numbers.length} parts were asked for: name each once, and at most ${MOST_AT_ONCE} at a time.`
    const where = { store: context.store.name, key: ticket.key }
    throw new StorageError('invalid', message, where)
  }
  checkThere(context, ticket, numbers)
}

function checkThere(
  { store, rules }: UploadContext,
  { key, cut, constraints }: Ticket,
  numbers: readonly (number | string)[],
): void {
  // A part of unknown size may be as large as the provider takes it, so there are no more of them than need be.
  const most = cut?.count ?? mostParts(store, rules, key, constraints.maxBytes)
  const wrong = numbers.find((n) => !NUMBER.test(String(n)) || Number(n) > most)
  if (wrong === undefined) return
  const message = `${quoteKey(key)} has parts 1 to ${most}, and none of number ${wrong}.`
  throw new StorageError('invalid', message, { store: store.name, key })
}

export async function signParts(
  context: UploadContext,
  ticket: Ticket,
  numbers: readonly number[],
  options: { expiresInSeconds: number; checksums?: PartsRequest['checksums'] },
): Promise<SignedParts> {
  const signed = await Promise.all(numbers.map((n) => signPart(context, ticket, n, options)))
  const last = context.now() + options.expiresInSeconds * 1000
  const ends = signed.map(({ presigned }) => presigned.expiresAt.getTime())
  return {
    parts: {
      size: ticket.cut?.size ?? 0,
      count: ticket.cut?.count ?? 0,
      requests: signed.map(({ request }) => request),
    },
    expiresAt: new Date(Math.min(last, ...ends)).toISOString(),
    ...(signed.some(({ presigned }) => presigned.expiresAtMost) && { expiresAtMost: true }),
  }
}

async function signPart(
  { reserved, store }: UploadContext,
  ticket: Ticket,
  partNumber: number,
  { expiresInSeconds, checksums }: Parameters<typeof signParts>[3],
): Promise<{ request: PartRequest; presigned: Presigned }> {
  const { cut, constraints, key, uploadId = '' } = ticket
  const size = cut && partBytes(cut, constraints.maxBytes, partNumber)
  const checksum = checksums?.[String(partNumber)]
  if (checksum) checkDigest(checksum, store.name, key)
  const presigned = await reserved.presign({
    action: 'part',
    key: landingKey(ticket),
    ...{ uploadId, partNumber, expiresInSeconds, contentLength: size, checksum },
  })
  const offset = cut ? cut.size * (partNumber - 1) : 0
  const request = { ...toSignedRequest(presigned), partNumber, offset, size: size ?? 0 }
  return { request, presigned }
}
