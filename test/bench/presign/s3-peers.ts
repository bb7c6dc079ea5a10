// The peers on S3, each in the way that its own documentation gives for many URLs: one client, reused. They
// run in Node and in workerd alike.

import { createHash, createHmac } from 'node:crypto'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { S3RequestPresigner, getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { AwsV4Signer } from 'aws4fetch'
import type { Keys, Side } from './work.ts'
import { BUCKET, CONTENT_TYPE, LIFE_SECONDS, REGION } from './work.ts'

export function openS3Peers({ s3 }: Keys): Side[] {
  return [awsGetSignedUrl(s3), aws4fetch(s3), awsPresigner(s3)]
}

function awsGetSignedUrl(credentials: Keys['s3']): Side {
  const client = new S3Client({
    region: REGION,
    credentials,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  return {
    group: 's3',
    name: 'getSignedUrl',
    sign: (key) =>
      getSignedUrl(
        client,
        new PutObjectCommand({ Bucket: BUCKET, Key: key, ContentType: CONTENT_TYPE }),
        { expiresIn: LIFE_SECONDS, signableHeaders: new Set(['content-type']) },
      ),
  }
}

const S3_HOST = `${BUCKET}.s3.${REGION}.amazonaws.com`

/** Its bare signer, which makes no Request on the way, with the cache of signing keys that its client keeps. */
function aws4fetch(credentials: Keys['s3']): Side {
  const cache = new Map<string, ArrayBuffer>()
  return {
    group: 's3',
    name: 'aws4fetch',
    async sign(key) {
      const signer = new AwsV4Signer({
        ...credentials,
        cache,
        method: 'PUT',
        url: `https://${S3_HOST}/${key}?X-Amz-Expires=${LIFE_SECONDS}`,
        headers: { 'content-type': CONTENT_TYPE },
        service: 's3',
        region: REGION,
        signQuery: true,
        allHeaders: true,
      })
      return (await signer.sign()).url.toString()
    },
  }
}

/** The SDK's presigner without its command pipeline, and with Node's own hash: the most that can be had of it. */
function awsPresigner(credentials: Keys['s3']): Side {
  const presigner = new S3RequestPresigner({ region: REGION, credentials, sha256: NodeSha256 })
  return {
    group: 's3',
    name: 'S3RequestPresigner',
    async sign(key) {
      const signed = await presigner.presign(
        {
          method: 'PUT',
          protocol: 'https:',
          hostname: S3_HOST,
          path: `/${key}`,
          query: {},
          headers: { 'content-type': CONTENT_TYPE },
        },
        { expiresIn: LIFE_SECONDS, signableHeaders: new Set(['content-type']) },
      )
      const query = Object.entries(signed.query ?? {}).map(([name, value]) => {
        return `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`
      })
      return `https://${S3_HOST}${signed.path}?${query.join('&')}`
    },
  }
}

class NodeSha256 {
  readonly #secret: Uint8Array | undefined
  #hash

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret)
    this.#hash = this.#begin()
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = this.#begin()
  }

  #begin() {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret)
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
