// What somebody who does everything right must go on to get, whatever else the server is being sent: by
// `fetch`, with every answer looked at. Each gives the reason why it was not served, or nothing.

import type { Download, ObjectList, UploadPlan } from '#shared/client/protocol.ts'
import { WORKSPACE } from './server.ts'

export interface Caller {
  port: number
  token: string
}

type Control = (caller: Caller, number: number) => Promise<string | undefined>

const CONTROLS: readonly Control[] = [health, wholeUpload, plan, list]

/** Never rejects. */
export async function runControl(caller: Caller, number: number): Promise<string | undefined> {
  try {
    return await CONTROLS[number % CONTROLS.length]!(caller, number)
  } catch (error) {
    return `${CONTROLS[number % CONTROLS.length]!.name}: ${String(error)}`
  }
}

/** Throws when it was not served as it must be. */
export async function planUpload(caller: Caller, number: number, more = {}): Promise<UploadPlan> {
  const upload = { key: keyOf(number), size: BYTES.length, contentType: 'text/plain', ...more }
  const planned = await ask<UploadPlan>(caller, 'POST', 'uploads', upload)
  if (!planned.id) throw new Error('the plan has no id')
  return planned
}

export async function planDownload(caller: Caller, number: number): Promise<Download> {
  return ask<Download>(caller, 'POST', 'downloads', { key: keyOf(number) })
}

const BYTES = 'what is uploaded while others break things\n'

function keyOf(number: number): string {
  return `control/${number}.txt`
}

async function health({ port }: Caller): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`)
  await answer.text()
  return answer.ok ? undefined : `health: ${answer.status}`
}

async function plan(caller: Caller, number: number): Promise<string | undefined> {
  const { key, request } = await planUpload(caller, number)
  return key === keyOf(number) && request !== undefined ? undefined : 'the plan is another one'
}

async function list(caller: Caller): Promise<string | undefined> {
  const { objects } = await ask<ObjectList>(caller, 'GET', 'objects?prefix=control%2F&limit=10')
  return Array.isArray(objects) ? undefined : 'the list is none'
}

/** Planned, sent, completed, and read back. */
async function wholeUpload(caller: Caller, number: number): Promise<string | undefined> {
  const { id, request } = await planUpload(caller, number)
  if (request === undefined) return 'the plan has no request'
  const { url, method, headers } = request
  const sent = await fetch(url, { method, headers, body: BYTES })
  await sent.text()
  if (!sent.ok) return `the upload was answered ${sent.status}`
  await ask(caller, 'POST', `uploads/${id}/complete`, {})
  const { request: get } = await planDownload(caller, number)
  const read = await fetch(get.url, { headers: get.headers })
  return (await read.text()) === BYTES ? undefined : `the download was answered ${read.status}`
}

async function ask<T>(
  { port, token }: Caller,
  method: string,
  route: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/${WORKSPACE}/${route}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}
