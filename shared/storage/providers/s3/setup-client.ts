// The SDK's client, which `skein setup` alone needs, as Skein uses it: one try, no digest that was not asked
// for, nothing read from the user's AWS files.

import { createHash } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import type { S3Settings } from './settings.ts'

const NOT_REUSED_AFTER_MS = 15_000

export function createClient(settings: S3Settings): S3Client {
  const { endpoint, region, pathStyle, row } = settings
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle,
    credentials: () => currentKeys(settings),
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'legacy',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    disableS3ExpressSessionAuth: true,
    authSchemePreference: ['aws.auth#sigv4'],
    userAgentAppId: async () => undefined,
    // What goes wrong is thrown; the SDK would also print it.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    requestHandler: {
      // S3 closes idle connections; one that is about to be closed is not used again.
      httpAgent: { timeout: NOT_REUSED_AFTER_MS },
      httpsAgent: { timeout: NOT_REUSED_AFTER_MS },
    },
  })
  if (row.quirks?.noChecksumHeaders !== undefined) sendMd5s(client)
  return client
}

/** The SDK keeps them until `expiration`, then asks again. */
async function currentKeys({ credentials }: S3Settings) {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = await credentials()
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    ...(expiresAt && { expiration: expiresAt }),
  }
}

interface Outgoing {
  headers: Record<string, string>
  body?: unknown
}

function isRequest(value: unknown): value is Outgoing {
  return typeof value === 'object' && value !== null && 'headers' in value && 'method' in value
}

/** Before the signature. */
function sendMd5s(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      if (isRequest(args.request)) replaceChecksum(args.request)
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'skeinHeaders' },
  )
}

/** The SDK insists on a CRC where S3 wants a digest of a request's XML; the older Content-MD5 is known everywhere. */
function replaceChecksum({ headers, body }: Outgoing): void {
  const names = Object.keys(headers).filter((name) =>
    /^x-amz-(sdk-)?checksum-/.test(name.toLowerCase()),
  )
  for (const name of names) delete headers[name]
  if (names.length === 0 || (typeof body !== 'string' && !(body instanceof Uint8Array))) return
  headers['content-md5'] = createHash('md5').update(body).digest('base64')
}
