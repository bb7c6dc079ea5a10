// What every answer carries, whether the headers are made for it or stand ready and are filled in again.

import { describe, expect, it } from 'vitest'
import { mintToken } from '#shared/access/tokens.ts'
import { createSkein } from '#shared/app.ts'
import { readConfig } from '#shared/config/config.ts'
import type { Platform } from '#shared/platform.ts'
import { SECRET, SIGNING_STORE } from './running-api.ts'

const ORIGIN = 'https://app.example.com'

describe.each([
  ['without CORS', undefined],
  ['with CORS', { origins: [ORIGIN] }],
])('an answer in a runtime that makes its own, %s', (_, cors) => {
  const { token, hash } = mintToken()
  const platform: Platform = { env: { SKEIN_SECRET: SECRET }, fileSystem: false, now: Date.now }
  const written = {
    stores: { photos: SIGNING_STORE },
    workspaces: { app: { primary: 'photos' } },
    access: { tokens: [{ name: 'owner', hash, workspaces: 'all' as const, scopes: ['upload'] }] },
    ...(cors && { cors }),
  }
  const skein = createSkein(readConfig(written, 'of this test', platform), platform)
  const plan = async (id: string, body: object): Promise<Response> => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...{ 'x-request-id': id, origin: ORIGIN },
    }
    const method = 'POST'
    const url = 'http://127.0.0.1/v1/app/uploads'
    return skein.fetch(new Request(url, { method, headers, body: JSON.stringify(body) }))
  }
  const common = (id: string, type: string) => ({
    ...{ 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    'x-request-id': id,
    ...(cors && {
      vary: 'Origin',
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': expect.any(String) as string,
    }),
  })

  it('has its own request id and nothing of another’s', async () => {
    const photo = { key: 'cats/a.jpg', size: 5 }
    const first = await plan('the-first-one', photo)
    const refused = await plan('the-second-one', { ...photo, size: -1 })
    const last = await plan('the-third-one', photo)
    const json = 'application/json'
    expect([first, refused, last].map(({ status }) => status)).toEqual([200, 400, 200])
    expect([first, refused, last].map(({ headers }) => Object.fromEntries(headers))).toEqual([
      common('the-first-one', json),
      common('the-second-one', 'application/problem+json'),
      common('the-third-one', json),
    ])
  })
})
