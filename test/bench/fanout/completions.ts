// What an upload costs before it is copied: its plan and its completion, asked of the built server, and the
// requests that these make to the primary.

import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { UploadPlan } from '#shared/client/protocol.ts'
import { buildTarget } from '../../../functions/build.ts'
import { startProcess } from '../../servers/process.ts'
import { cpuSeconds } from '../cpu.ts'
import type { Result } from '../report.ts'
import { round } from '../report.ts'
import type { End } from './stage.ts'
import { WORKSPACE } from './stage.ts'

const WARM = 100
const UPLOADS = 500
const LANES = 8
const BODY = randomBytes(16_384)

/** `stores` as a configuration writes them; the primary is `source`. */
export async function measureCompletions(
  folder: string,
  stores: object,
  source: End,
): Promise<Result> {
  const token = `skein_${randomBytes(32).toString('base64url')}`
  const hash = `sha256:${createHash('sha256').update(token).digest('base64url')}`
  const holder = { name: 'bench', hash, workspaces: [WORKSPACE], scopes: ['upload'] }
  const config = {
    stores,
    workspaces: { [WORKSPACE]: { primary: 'source' } },
    access: { tokens: [holder] },
  }
  const dist = join(folder, 'node')
  const cwd = join(folder, 'server')
  await mkdir(cwd)
  await buildTarget('node', dist)
  const { line, pid, stop } = await startProcess({
    ...{ command: process.execPath, args: [join(dist, 'server.mjs')], cwd },
    env: { PORT: '0', SKEIN_CONFIG: JSON.stringify(config) },
    ready: /http:\/\/127\.0\.0\.1:\d+/,
  })
  try {
    const api = `${/http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]}/v1/${WORKSPACE}`
    await uploadMany(api, token, 'warm', WARM)
    await source.takeRequests()
    const before = await cpuSeconds(pid)
    await uploadMany(api, token, 'completed', UPLOADS)
    const cpu = (await cpuSeconds(pid)) - before
    const { all, writes } = await source.takeRequests()
    return {
      what: 'upload: plan, PUT, completion',
      requests: round(all / UPLOADS),
      writes: round(writes / UPLOADS),
      api_cpu_ms: round((cpu * 1000) / UPLOADS),
    }
  } finally {
    await stop()
  }
}

async function uploadMany(api: string, token: string, prefix: string, count: number) {
  const numbers = Array.from({ length: count }, (_, i) => i)
  const lane = async (): Promise<void> => {
    for (let i = numbers.pop(); i !== undefined; i = numbers.pop()) {
      await upload(api, token, `${prefix}/${i}.png`)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

async function upload(api: string, token: string, key: string): Promise<void> {
  const ask = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${api}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.ok) return answer.json()
    throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  }
  const file = { key, size: BODY.length, contentType: 'image/png' }
  const { id, request } = (await ask('uploads', file)) as UploadPlan
  const { url, method, headers } = request!
  const put = await fetch(url, { method, headers, body: BODY })
  await put.body?.cancel()
  if (!put.ok) throw new Error(`The upload of ${key} was answered ${put.status}.`)
  await ask(`uploads/${id}/complete`, {})
}
