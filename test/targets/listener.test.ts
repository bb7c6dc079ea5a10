// The local process's HTTP server, as far as no client shows it soon enough.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../functions/node/listener.ts'

test('a body may take as long as it moves: no limit on a whole request, but on its head', async () => {
  const seen = Promise.withResolvers<Server>()
  const began = (message: unknown) => seen.resolve((message as { server: Server }).server)
  subscribe('http.server.request.start', began)
  onTestFinished(() => void unsubscribe('http.server.request.start', began))
  const listener = await listen('127.0.0.1', 0, () => () => new Response('here'))
  onTestFinished(() => listener.close())
  expect(await (await fetch(listener.url)).text()).toBe('here')
  const { requestTimeout, headersTimeout, timeout } = await seen.promise
  expect({ requestTimeout, headersTimeout, timeout }).toEqual({
    requestTimeout: 0,
    headersTimeout: 60_000,
    timeout: 300_000,
  })
})
