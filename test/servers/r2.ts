// R2 as Miniflare plays it, behind the S3 endpoint that it has for local buckets: Cloudflare's own code for
// both, with the signature checked.

import { Miniflare } from 'miniflare'

export interface R2Server {
  /** The S3 endpoint. */
  url: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  stop: () => Promise<void>
}

const KEYS = {
  accessKeyId: 'TESTACCESSKEY0000001',
  secretAccessKey: 'testsecretkey0000000000000000000000001',
}

export async function startR2(bucket: string): Promise<R2Server> {
  const server = new Miniflare({
    modules: true,
    script: 'export default { fetch: () => new Response(null, { status: 404 }) }',
    host: '127.0.0.1',
    port: 0,
    r2Buckets: { BUCKET: { id: bucket, s3Credentials: KEYS } },
    r2Persist: false,
    handleRuntimeStdio: () => undefined,
  })
  const { origin } = await server.ready
  return { url: `${origin}/cdn-cgi/local/r2/s3`, bucket, ...KEYS, stop: () => server.dispose() }
}
