// The page of the local process as it is served: everything that it loads is there and is JavaScript, nothing
// else is, and it may load from nowhere but here.

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { expect, it } from 'vitest'
import { buildPage } from '../../functions/build-client.ts'
import { servePage } from '../../functions/node/page.ts'
import { scratchFolder } from '../targets/built.ts'

const ORIGIN = 'http://127.0.0.1:8080'

function get(path: string, method = 'GET'): Promise<Response | undefined> {
  return servePage(new Request(`${ORIGIN}${path}`, { method }))
}

const IMPORT = /from\s*'([^']+)'/g

it('serves a document, and from source every script that it leads to', async () => {
  const page = await get('/')
  expect(page?.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const html = await page!.text()
  const linked = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!)
  expect(linked).toEqual(['/page/page.css', '/page/page.js'])
  const seen = new Set(['/page/page.js'])
  for (const path of seen) {
    const script = await get(path)
    const type = script?.headers.get('content-type')
    expect([path, type]).toEqual([path, 'text/javascript; charset=utf-8'])
    const code = await script!.text()
    await transform(code, { loader: 'js' })
    for (const [, specifier] of code.matchAll(IMPORT)) {
      seen.add(new URL(specifier!, ORIGIN + path).pathname)
    }
  }
  expect([...seen]).toEqual(expect.arrayContaining(['/page/objects.ts', '/page/client/upload.ts']))
})

it('lets the page run its own scripts and no others', async () => {
  const { headers } = (await get('/'))!
  const policy = headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'; script-src 'self'")
  expect(policy).not.toContain('unsafe')
  const html = await (await get('/'))!.text()
  expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/)
})

it.each([
  '/page/',
  '/page/nothing.ts',
  '/page/nothing.js',
  '/page/../server.ts',
  '/page/%2e%2e/server.ts',
  '/page/..%2fserver.ts',
  '/page/client/%2e%2e%2fapp.ts',
  '/page/client/tsconfig.json',
  '/index.html',
  '/v1/demo/objects',
])('has nothing at %s', async (path) => {
  expect(await get(path)).toBeUndefined()
})

it('is read, and takes nothing', async () => {
  expect(await get('/', 'POST')).toBeUndefined()
  const head = await get('/', 'HEAD')
  expect([head?.status, await head?.text()]).toEqual([200, ''])
})

it('is built as one script beside its document', async () => {
  const folder = await scratchFolder()
  await buildPage(folder)
  expect((await readdir(folder)).toSorted()).toEqual(['index.html', 'page.css', 'page.js'])
  expect(await readFile(join(folder, 'page.js'), 'utf8')).not.toMatch(/from\s*["']|#shared/)
})
