// The suite on Cloudflare Workers: the built Worker in workerd, over a socket.

import { join, relative } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { mintToken } from '#shared/access/tokens.ts'
import { loadedAtOnce } from '../../functions/bundle.ts'
import { defineTarget, environment } from '../suites/targets.ts'
import { buildAside } from './built.ts'
import { moduleNames, startWorker } from './workerd.ts'

const bundle = await buildAside('cloudflare')
const { folder } = bundle

defineTarget({
  name: 'Cloudflare Workers',
  start: (env) => startWorker(folder, env),
  // A Worker starts whatever its variables; each request fails. Miniflare's page shows the exception, where
  // Cloudflare logs it and tells the client no more than `error code: 1101`.
  async failure(env) {
    const worker = await startWorker(folder, env)
    onTestFinished(() => worker.stop())
    const answer = await worker.send({ path: '/healthz' })
    const text = await answer.text()
    return answer.status === 500 ? text : `It answered ${answer.status}.`
  },
})

it('reaches a bucket by its binding', async () => {
  const { token, hash } = mintToken()
  const config = {
    stores: { photos: 'r2://account/photos?binding=PHOTOS' },
    workspaces: { app: { primary: 'photos' } },
    access: { tokens: [{ name: 'tester', hash, workspaces: ['app'], scopes: ['list'] }] },
  }
  const worker = await startWorker(folder, environment(config))
  onTestFinished(() => worker.stop())
  await worker.putPhoto('cats/ä.jpg', 'meow')
  const headers = { authorization: `Bearer ${token}` }
  const listed = await worker.send({ path: '/v1/app/objects?prefix=cats/', headers })
  expect(await listed.json()).toMatchObject({ objects: [{ key: 'cats/ä.jpg', size: 4 }] })
  const described = await worker.send({ path: '/v1/app/object?key=cats/%C3%A4.jpg', headers })
  expect(await described.json()).toMatchObject({
    key: 'cats/ä.jpg',
    stores: [{ store: 'photos', state: 'present', size: 4 }],
  })
})

it('runs no schedule at a time that none has', async () => {
  const worker = await startWorker(folder, environment({ stores: { photos: 'gs://photos' } }))
  onTestFinished(() => worker.stop())
  await expect(worker.schedule('1 2 3 4 5')).rejects.toThrow('The schedule ended with exception')
})

it('every module loads in workerd, but the folders’ own', async () => {
  const files = await moduleNames(folder)
  const worker = await startWorker(folder, {}, importing(files))
  onTestFinished(() => worker.stop())
  const answer = await worker.send({ path: '/' })
  const failed = (await answer.json()) as Record<string, string>
  expect(Object.keys(failed).filter((file) => !isFolderDriver(file))).toEqual([])
})

/** A Worker that tells which of these modules fail to load, and why. */
function importing(files: readonly string[]): string {
  const tries = files.map(
    (file) => `await import('./' + '${file}').catch((e) => (failed['${file}'] = String(e)))`,
  )
  return `export default { async fetch() {
    const failed = {}
    ${tries.join('\n')}
    return Response.json(failed)
  } }`
}

function isFolderDriver(file: string): boolean {
  const output = relative(bundle.root, join(folder, file))
  const files = loadedAtOnce(bundle.outputs, output)
  const inputs = files.flatMap((one) => Object.keys(bundle.outputs[one]?.inputs ?? {}))
  return inputs.includes('shared/storage/providers/file/driver.ts')
}
