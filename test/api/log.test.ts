// What the operator reads: nothing of honest requests unless he asks, and never a path, a key or a token.

import { expect, onTestFinished, test } from 'vitest'
import { SIGNING_STORE, startApi } from './running-api.ts'

const PLAN = '/v1/app/uploads'
const PHOTO = { key: 'private/photo.jpg', size: 3 }

async function start(env: Record<string, string>) {
  const api = await startApi(
    { stores: { main: SIGNING_STORE }, workspaces: { app: { primary: 'main' } } },
    { env },
  )
  onTestFinished(() => api.close())
  return api
}

test('refusals are told, by kind or rule, and honest requests are not', async () => {
  const api = await start({})
  await api.send(PLAN, { json: PHOTO })
  await api.send(PLAN, { json: { ...PHOTO, expiresInSeconds: 10 ** 9 } })
  await api.send(`${PLAN}?key=private`, { as: null, json: PHOTO })
  const lines = api.lines.map((line) => JSON.parse(line) as object)
  expect(lines).toMatchObject([
    {
      status: 403,
      problem: 'rule expiry',
      workspace: 'app',
      principal: 'owner',
      route: '/uploads',
    },
    { status: 401, problem: 'unauthenticated', route: '/uploads', method: 'POST' },
  ])
  expect(api.lines.join('\n')).not.toContain('private')
})

test('every request is told where that is asked for, and finds its line by its id', async () => {
  const api = await start({ SKEIN_LOG: 'requests' })
  const plan = await api.send(PLAN, { json: PHOTO })
  const { id } = (await plan.json()) as { id: string }
  await api.send(`${PLAN}/${id}`, { method: 'PATCH' })
  await api.send('/v1/app/download?key=private/photo.jpg')
  const [first, second] = api.lines.map((line) => JSON.parse(line) as object)
  expect(first).toEqual({
    level: 'info',
    requestId: plan.headers.get('x-request-id'),
    ...{ method: 'POST', route: '/uploads', status: 200, milliseconds: expect.any(Number) },
    ...{ workspace: 'app', principal: 'owner' },
  })
  expect(second).toMatchObject({ route: '/download', status: 307 })
  expect(api.lines.join('\n')).not.toMatch(/private|Signature|skein_/)
  expect(api.lines.join('\n')).not.toContain(id)
})
