// The tests' own S3 server as a process of its own, its bucket full from the start: `node full-server.ts BUCKET COUNT`
// prints {"url": …} when it is ready. Two of them hold the same, written at different times.

import { createHash } from 'node:crypto'
import { startS3Server } from '../../servers/s3/server.ts'
import type { State, Version } from '../../servers/s3/state.ts'
import { bodyOf, keyOf } from './objects.ts'

const [bucket = '', count = '0'] = process.argv.slice(2)

function fill(state: State): void {
  const there = state.buckets.get(bucket)!
  const modifiedMs = Math.floor(Date.now() / 1000) * 1000
  for (let n = 0; n < Number(count); n++) {
    const body = Buffer.from(bodyOf(n))
    const key = keyOf(n)
    const version: Version = {
      ...{ key, versionId: 'null', isMarker: false, modifiedMs },
      etag: createHash('md5').update(body).digest('hex'),
      content: { chunks: [body], size: body.length },
      ...{ checksum: undefined, parts: [], restore: undefined },
      ...{ contentHeaders: {}, metadata: {}, storageClass: 'STANDARD', tags: [] },
      ...{ encryption: { algorithm: 'AES256' }, lock: {} },
    }
    there.objects.set(key, [version])
    there.keys.add(key)
  }
}

const server = await startS3Server({ buckets: [bucket], fill })
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close())
}
console.log(JSON.stringify({ url: server.url }))
