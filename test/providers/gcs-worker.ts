// A Worker that does with the Cloud Storage driver what its query says; for gcs-workerd.test.ts.

import { parseStoreUri } from '#shared/storage/address.ts'
import type { Driver, PutOptions } from '#shared/storage/contract.ts'
import { StorageError } from '#shared/storage/errors.ts'
import { createGcsDriver } from '#shared/storage/providers/gcs/driver.ts'
import { gcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { createGcsSigner } from '#shared/storage/providers/gcs/sign.ts'

interface Asked {
  driver: Driver
  key: string
  options: PutOptions
  body: ReadableStream<Uint8Array>
  size: number | undefined
}

const ACTIONS: Record<string, (asked: Asked) => Promise<unknown>> = {
  put: ({ driver, key, options, body, size }) =>
    driver.put(key, { stream: body, ...(size !== undefined && { size }) }, options),
  copy: ({ driver, key, options }) => driver.copy({ key }, `${key}2`, options),
  delete: ({ driver, key, options }) => driver.delete([{ key }, { key: `${key}2` }], options),
  async parts({ driver, key, options, body, size = 0 }) {
    const { multipart } = driver
    const uploadId = (await multipart?.begin(key, options)) ?? ''
    const part = await multipart?.part(key, uploadId, 1, { stream: body, size }, options)
    return multipart?.complete(key, uploadId, part ? [part] : [], options)
  },
  async get({ driver, key, options }) {
    const { info, body } = await driver.get(key, options)
    return new Response(body, { headers: { 'x-info': encodeURIComponent(JSON.stringify(info)) } })
  },
}

export default {
  async fetch(request: Request, env: Record<string, string>): Promise<Response> {
    const address = parseStoreUri(`gs://bucket?endpoint=${env['ENDPOINT']}`)
    const { capabilities } = address.row
    const platform = { env, fileSystem: false, now: Date.now }
    const settings = gcsSettings({ address, name: 'store', capabilities, options: {}, platform })
    const query = new URL(request.url).searchParams
    const key = query.get('key') ?? ''
    const size = query.has('size') ? Number(query.get('size')) : undefined
    const { signal } = new AbortController()
    const options = { mode: 'create' as const, ...JSON.parse(query.get('options') ?? '{}'), signal }
    const body = request.body ?? new Blob().stream()
    try {
      const result =
        query.get('do') === 'sign'
          ? await createGcsSigner(settings).presign({ action: 'get', key, expiresInSeconds: 60 })
          : await ACTIONS[query.get('do') ?? '']?.({
              ...{ driver: createGcsDriver(settings), key, options, body, size },
            })
      return result instanceof Response ? result : Response.json(result)
    } catch (error) {
      const kind = error instanceof StorageError ? error.kind : 'unforeseen'
      return Response.json({ kind, message: String(error) }, { status: 500 })
    }
  },
}
