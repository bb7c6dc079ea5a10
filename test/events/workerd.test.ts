// The same signatures hold in workerd, and the same changes break them.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { workerBundling } from '../../functions/cloudflare/bundling.ts'
import type { VerifyingRequest } from './verifying-worker.ts'
import { vectorOf, vectorText } from './vectors.ts'

let worker: Miniflare
beforeAll(async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const outdir = join(root, 'dist/verifying')
  const { outputFiles } = await build({
    ...workerBundling(root),
    absWorkingDir: root,
    entryPoints: { worker: 'test/events/verifying-worker.ts' },
    outdir,
    write: false,
    logLevel: 'error',
  })
  // Miniflare takes the first one for the Worker itself.
  const isEntry = (path: string): number => Number(path === join(outdir, 'worker.js'))
  const modules = outputFiles
    .toSorted((a, b) => isEntry(b.path) - isEntry(a.path))
    .map(({ path, text }) => ({ type: 'ESModule' as const, path, contents: text }))
  worker = new Miniflare({
    ...{ modules, modulesRoot: outdir },
    compatibilityDate: '2026-07-30',
    compatibilityFlags: ['nodejs_compat'],
  })
  await worker.ready
})
afterAll(() => worker.dispose())

async function holds(asked: VerifyingRequest): Promise<boolean> {
  const body = JSON.stringify(asked)
  const answer = await worker.dispatchFetch('http://worker/', { method: 'POST', body })
  const text = await answer.text()
  expect(text).toMatch(/^(true|false)$/)
  return text === 'true'
}

interface Signed {
  name: string
  message: Record<string, string>
}

const { messages } = vectorOf('sns/messages.json') as { messages: Signed[] }

it.each(messages.map((one) => [one.name, one] as const))('SNS: %s', async (_, { message }) => {
  const now = Date.parse(message['Timestamp']!)
  const { pathname } = new URL(message['SigningCertURL']!)
  const certificate = vectorText(`sns${pathname}`)
  const sns = { topic: message['TopicArn']!, message: JSON.stringify(message), certificate }
  expect(await holds({ now, sns })).toBe(true)
  const changed = JSON.stringify({ ...message, Message: 'another' })
  expect(await holds({ now, sns: { ...sns, message: changed } })).toBe(false)
})

it('Pub/Sub: every token of the vectors', async () => {
  const vector = vectorOf('oidc/google-push-jwt.json') as {
    now: number
    expect: { audience: string; email: string }
    jwks: object
    cases: { ok: boolean; token: string }[]
  }
  const { audience, email: serviceAccount } = vector.expect
  for (const { ok, token } of vector.cases) {
    const push = { audience, serviceAccount, token, jwks: vector.jwks }
    expect(await holds({ now: vector.now * 1000, push })).toBe(ok)
  }
})

it('B2', async () => {
  const { secret, header } = vectorOf('b2-webhook/signed-upload.json') as {
    secret: string
    header: Record<string, string>
  }
  const signature = header['x-bz-event-notification-signature']!
  const b2 = { body: vectorText('b2-webhook/signed-upload.body'), header: signature, secret }
  expect(await holds({ now: 0, b2 })).toBe(true)
  expect(await holds({ now: 0, b2: { ...b2, body: `${b2.body} ` } })).toBe(false)
})
