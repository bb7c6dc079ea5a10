// The server as a process of its own: says where it is in one line, and ends when told.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { createRawClient } from './raw-client.ts'

it('prints its address, serves, and ends at SIGTERM', async () => {
  const path = new URL('main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [path, '--buckets', 'one,two'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { url }: { url: string } = JSON.parse(line)
  const { text } = await createRawClient(url)('/')
  expect(text).toMatch(/<Name>one<.*<Name>two</)
  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
})
