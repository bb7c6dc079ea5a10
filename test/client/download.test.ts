// Downloads by the client from several stores: a copy that lags is no reason to say that there is nothing, and
// a primary that does not answer none to believe its copies.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSkeinClient } from '#shared/client/client.ts'
import type { Download, SignedRequest } from '#shared/client/protocol.ts'

const PATIENCE = { attempts: 2, delaySeconds: 0.001 }

let server: ReturnType<typeof createServer>
let url: string
let plan: Pick<Download, 'store' | 'maybeStale'> & { fallbacks: string[] }
/** What each store answers, and nobody where there is no answer; and who was asked. */
let answers: Record<string, number>
let asked: string[]

beforeEach(async () => {
  asked = []
  server = createServer((request, response) => {
    const name = request.url!.slice(1)
    if (request.method === 'POST') {
      response.end(JSON.stringify(downloadFrom(plan)))
      return
    }
    asked.push(name)
    const status = answers[name]
    if (status === undefined) request.socket.destroy()
    else response.writeHead(status).end(`from ${name}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

function downloadFrom({ store, maybeStale, fallbacks }: typeof plan): Download {
  const request = (name: string): SignedRequest => ({
    method: 'GET',
    url: `${url}/${name}`,
    headers: {},
  })
  return {
    ...{ key: 'k', store, maybeStale, because: 'the test says so', request: request(store) },
    fallbacks: fallbacks.map((name) => ({ store: name, request: request(name) })),
  }
}

function download(): Promise<string> {
  const client = createSkeinClient({ endpoint: url, workspace: 'app', patience: PATIENCE })
  return client.download('k').then((response) => response.text())
}

it('asks the others where a copy that may lag has nothing', async () => {
  plan = { store: 'copy', maybeStale: true, fallbacks: ['main'] }
  answers = { copy: 404, main: 200 }
  expect(await download()).toBe('from main')
})

it('believes the primary that there is nothing', async () => {
  plan = { store: 'main', maybeStale: false, fallbacks: ['copy'] }
  answers = { main: 404, copy: 200 }
  await expect(download()).rejects.toMatchObject({ kind: 'not-found' })
  expect(asked).toEqual(['main'])
})

it('says that there is nothing where nobody has it', async () => {
  plan = { store: 'copy', maybeStale: true, fallbacks: ['main'] }
  answers = { copy: 404, main: 404 }
  await expect(download()).rejects.toMatchObject({ kind: 'not-found' })
  expect(asked).toEqual(['copy', 'main'])
})

it('does not know where the primary is silent and a copy has nothing', async () => {
  plan = { store: 'main', maybeStale: false, fallbacks: ['copy'] }
  answers = { copy: 404 }
  await expect(download()).rejects.toMatchObject({ kind: 'unavailable' })
  expect(asked).toEqual(['main', 'copy', 'main', 'copy'])
})

it('goes to no other store with a refusal', async () => {
  plan = { store: 'main', maybeStale: false, fallbacks: ['copy'] }
  answers = { main: 403, copy: 200 }
  await expect(download()).rejects.toMatchObject({ kind: 'denied' })
  expect(asked).toEqual(['main'])
})
