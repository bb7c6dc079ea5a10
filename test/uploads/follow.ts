// A client that follows a plan with `fetch` alone, as any HTTP client can: no knowledge of providers, nothing
// sent but what the plan says.

import type { PartRequest, SignedRequest, UploadPlan } from '#shared/client/protocol.ts'
import type { Uploads } from '#shared/uploads/uploads.ts'
import { everybody } from './workspace.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** The runtime sets the length itself, from the body that is really sent. */
export function headersOf({ headers }: SignedRequest): Record<string, string> {
  const { 'content-length': _, ...others } = headers
  return others
}

/** The answer to what carries the bytes; parts are `sendParts`'. */
export async function follow(
  { method, request }: UploadPlan,
  bytes: Bytes,
  changed: Record<string, string> = {},
): Promise<Response> {
  if (!request) throw new Error(`a plan for ${method} has a request`)
  const headers = { ...headersOf(request), ...changed }
  if (request.fields) return postForm(request, bytes, changed)
  const answer = await fetch(request.url, {
    method: request.method,
    headers,
    ...(method !== 'resumable' && { body: bytes }),
  })
  const session = answer.headers.get('location')
  if (method !== 'resumable' || session === null) return answer
  await answer.body?.cancel()
  return fetch(session, { method: 'PUT', body: bytes })
}

async function postForm(
  { url, fields }: SignedRequest,
  bytes: Bytes,
  changed: Record<string, string>,
): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of Object.entries({ ...fields, ...changed })) form.append(name, value)
  form.append('file', new Blob([bytes]), 'file')
  return fetch(url, { method: 'POST', body: form })
}

export async function sendPart(part: PartRequest, bytes: Bytes): Promise<Response> {
  const { offset, size } = part
  const body = bytes.subarray(offset, offset + size)
  return fetch(part.url, { method: part.method, headers: headersOf(part), body })
}

/** Sends all that has not arrived, a page of URLs at a time. Gives the id to go on with. */
export async function sendParts(uploads: Uploads, id: string, bytes: Bytes): Promise<string> {
  let plan = await uploads.parts(everybody, id, {})
  while (plan.parts.requests.length > 0) {
    for (const part of plan.parts.requests) await expectOk(await sendPart(part, bytes))
    plan = await uploads.parts(everybody, plan.id, {})
  }
  return plan.id
}

/** Follows the whole plan, whatever its method. Gives the id to complete. */
export async function upload(uploads: Uploads, plan: UploadPlan, bytes: Bytes): Promise<string> {
  if (plan.method === 'parts') return sendParts(uploads, plan.id, bytes)
  await expectOk(await follow(plan, bytes))
  return plan.id
}

export async function expectOk(answer: Response): Promise<void> {
  const text = await answer.text()
  if (!answer.ok) throw new Error(`the store answered ${answer.status}: ${text}`)
}

/** A refusal of the provider itself, and no accident. */
export async function isRefused(answer: Response): Promise<boolean> {
  await answer.body?.cancel()
  return answer.status >= 400 && answer.status < 500
}
