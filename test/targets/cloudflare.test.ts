// The suite on Cloudflare Workers: the two built Workers in workerd, over a socket.

import { Miniflare } from 'miniflare'
import { expect, it, onTestFinished, vi } from 'vitest'
import { mintToken } from '#shared/access/tokens.ts'
import { defineTarget, environment } from '../suites/targets.ts'
import { buildAside } from './built.ts'
import { compatibility, moduleNames, modulesIn, prepared, startWorker } from './workerd.ts'

/** Each case starts a process, on a machine that may have others to run. */
vi.setConfig({ testTimeout: 30_000 })

const { folder } = await buildAside('cloudflare')

defineTarget({
  name: 'Cloudflare Workers',
  start: async (env) => startWorker(folder, await prepared(env)),
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

it('hands on whole what the front was not given, with the body that it has read', async () => {
  const { token, hash } = mintToken()
  const config = {
    stores: {
      photos: {
        uri: 'r2://account/photos?binding=PHOTOS',
        ...{ accessKeyId: 'key', secretAccessKey: 'secret' },
      },
    },
    workspaces: { app: { primary: 'photos' } },
    access: { tokens: [{ name: 'tester', hash, workspaces: ['app'], scopes: ['upload'] }] },
  }
  const secret = { SKEIN_SECRET: 'what these uploads are sealed with' }
  const worker = await startWorker(folder, await prepared({ ...environment(config), ...secret }))
  onTestFinished(() => worker.stop())
  const plan = async (size: number) => {
    const answer = await worker.send({
      path: '/v1/app/uploads',
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ key: 'films/ä.mp4', size }),
    })
    expect(answer.status).toBe(200)
    return answer.json()
  }
  expect(await plan(1000)).toMatchObject({ key: 'films/ä.mp4', method: 'put' })
  // Its upload has to be begun, by a driver that is behind the front.
  expect(await plan(2 ** 30)).toMatchObject({ key: 'films/ä.mp4', method: 'parts' })
})

it('says that the Worker behind is not bound', async () => {
  const miniflare = new Miniflare({
    ...(await modulesIn(folder, 'front')),
    ...(await compatibility()),
    handleRuntimeStdio: () => undefined,
  })
  onTestFinished(() => miniflare.dispose())
  const answer = await fetch(await miniflare.ready)
  expect(answer.status).toBe(500)
  expect(await answer.text()).toContain('deploy functions/cloudflare/work.toml, and bind it here')
})

it('runs no schedule at a time that none has', async () => {
  const worker = await startWorker(folder, environment({ stores: { photos: 'gs://photos' } }))
  onTestFinished(() => worker.stop())
  await expect(worker.schedule('1 2 3 4 5')).rejects.toThrow('The schedule ended with exception')
})

it('every module loads in workerd', async () => {
  const files = await moduleNames(folder, 'behind')
  const worker = await startWorker(folder, {}, importing(files))
  onTestFinished(() => worker.stop())
  const answer = await worker.send({ path: '/' })
  expect(await answer.json()).toEqual({})
})

/** A Worker that tells which of these modules fail to load, and why; the front is one, and answers elsewhere here. */
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
