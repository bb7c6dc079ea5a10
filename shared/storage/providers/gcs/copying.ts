// Copies at Google's side, by rewrites that go on until they are done. The source's generation is pinned, so
// that a copy is of one version whatever happens meanwhile, and everything that travels is named in full:
// a rewrite that names anything, were it only the class, leaves the rest behind, and one that names nothing
// takes the bucket's default class. https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite

import type { ClassesDriver, CopyOptions, CopySource, ObjectInfo } from '../../contract.ts'
import { isStorageError } from '../../errors.ts'
import { changed } from '../refusals.ts'
import { checkGeneration, generationToMatch } from './headers.ts'
import { readResource } from './reading.ts'
import type { ObjectResource } from './resource.ts'
import { fromProperties, toInfo, travelling } from './resource.ts'
import type { Transport } from './transport.ts'
import { senseless } from './errors.ts'

export async function copyObject(
  transport: Transport,
  from: CopySource,
  key: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { name } = transport.settings
  const { mode, properties, signal } = options
  const source = await lookAt(transport, from, options)
  const matches = from.ifMatch === undefined || checkGeneration(from.ifMatch, name, from.key)
  if (matches !== true && matches !== source.generation) throw changed(name, from.key)

  const resource = 'size' in source && !properties ? travelling(source) : fromProperties(properties)
  const kept = from.bucket === undefined ? source.storageClass : undefined
  const storageClass = options.storageClass ?? properties?.storageClass ?? kept
  try {
    const copy = await rewrite(transport, { ...source, bucket: from.bucket }, key, {
      resource: { ...resource, storageClass },
      generation: generationToMatch(mode, name, key),
      signal,
    })
    return toInfo(copy)
  } catch (error) {
    const gone = isStorageError(error, 'not-found') && from.ifMatch !== undefined
    throw gone ? changed(name, from.key) : error
  }
}

type Source = Pick<ObjectResource, 'name' | 'generation' | 'storageClass'>

/** As it was looked at, where that is all there is to know: what travels with it may be more. */
async function lookAt(
  transport: Transport,
  { key, version, bucket, seen }: CopySource,
  { properties, signal }: CopyOptions,
): Promise<ObjectResource | Source> {
  if (!seen || !properties) return readResource(transport, key, { version, bucket, signal })
  const { etag: generation, storageClass } = seen
  return { name: key, generation, ...(storageClass !== undefined && { storageClass }) }
}

interface RewriteAnswer {
  done: boolean
  rewriteToken?: string
  resource?: ObjectResource
}

async function rewrite(
  transport: Transport,
  source: Source & { bucket: string | undefined },
  key: string,
  wanted: { resource: object; generation: string | undefined; signal: AbortSignal },
): Promise<ObjectResource> {
  const { generation } = wanted
  let rewriteToken: string | undefined
  for (;;) {
    const answer: RewriteAnswer = await transport.json({
      method: 'POST',
      path: `${transport.objectPath(source.name, source.bucket)}/rewriteTo${objectPathAfter(transport, key)}`,
      query: {
        sourceGeneration: source.generation,
        ifGenerationMatch: generation,
        rewriteToken,
      },
      json: wanted.resource,
      key,
      creates: generation === '0',
      signal: wanted.signal,
    })
    if (answer.resource) return answer.resource
    rewriteToken = answer.rewriteToken
    if (!rewriteToken)
      throw senseless(transport.settings.name, key, 'ended a copy with neither object nor token')
  }
}

/** `/b/bucket/o/key`, which is how a rewrite names its destination. */
function objectPathAfter(transport: Transport, key: string): string {
  return transport.objectPath(key).slice('/storage/v1'.length)
}

/** Every class of Cloud Storage reads at once, so nothing is ever restored. */
export function classesOf(transport: Transport): ClassesDriver {
  return {
    async setClass(key, storageClass, { version, signal }) {
      const source = await readResource(transport, key, { version, signal })
      if (source.storageClass === storageClass) return
      const from = { key, version: source.generation }
      const mode = { ifMatch: source.generation }
      await copyObject(transport, from, key, { mode, storageClass, signal })
    },
  }
}
