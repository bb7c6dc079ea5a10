// The SDK's client as Skein uses it: one try, no digest that was not asked for, no body hashed for its
// signature (TLS guards it, or a checksum that was asked for), nothing read from the user's AWS files,
// and never aws-chunked, which most look-alikes refuse and the SDK gets wrong in a Worker.

import { createHash } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { AS_IT_IS } from '#shared/wire/worker-streams.ts'
import type { S3Settings } from './settings.ts'

const NOT_REUSED_AFTER_MS = 15_000

export function createClient(settings: S3Settings): S3Client {
  const { endpoint, region, pathStyle } = settings
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
      // In a process: S3 closes idle connections; one that is about to be closed is not used again.
      httpAgent: { timeout: NOT_REUSED_AFTER_MS },
      httpsAgent: { timeout: NOT_REUSED_AFTER_MS },
      // In a Worker.
      customFetch: (request: Request) => fetch(request, AS_IT_IS),
    },
  })
  addHeaders(client, settings)
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

/** After the SDK's own headers and before the signature, which covers these. */
function addHeaders(client: S3Client, { row }: S3Settings): void {
  const withoutChecksums = row.quirks?.noChecksumHeaders !== undefined
  client.middlewareStack.add(
    (next, context) => (args) => {
      const { request } = args
      if (isRequest(request)) {
        const { commandName } = context
        if (withoutChecksums) replaceChecksum(request)
        else if (commandName === 'HeadObjectCommand') askForChecksums(request)
      }
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

function askForChecksums({ headers }: Outgoing): void {
  headers['x-amz-checksum-mode'] = 'ENABLED'
}
