// The work of the benchmarks of the whole API: a caller with a token asks for a plan of one upload, which the
// workspace's rules allow. Everything that a server needs to know of it is a configuration and a secret.

import { createHash, randomBytes } from 'node:crypto'
import type { UploadRequest } from '#shared/client/protocol.ts'
import { BUCKET, REGION, ROUTE, STORE, WORKSPACE } from './route.ts'

export interface Work {
  /** What a server is started with. */
  env: Readonly<Record<string, string>>
  /** The whole HTTP request, for the key of this number. */
  request: (number: number) => string
}

export function makeWork(): Work {
  const token = `skein_${randomBytes(32).toString('base64url')}`
  const hash = createHash('sha256').update(token).digest('base64url')
  const config = {
    stores: {
      [STORE]: {
        uri: `s3://${BUCKET}?region=${REGION}`,
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        secretAccessKey: randomBytes(30).toString('base64'),
      },
    },
    workspaces: {
      [WORKSPACE]: {
        primary: STORE,
        uploads: { types: ['image/*'], maxSize: '10 MiB', keys: ['uploads/**'] },
      },
    },
    access: {
      tokens: [
        { name: 'bench', hash: `sha256:${hash}`, workspaces: [WORKSPACE], scopes: ['upload'] },
      ],
    },
  }
  return {
    env: {
      SKEIN_CONFIG: JSON.stringify(config),
      SKEIN_SECRET: randomBytes(32).toString('base64url'),
    },
    request: (number) => planRequest(token, number),
  }
}

function planRequest(token: string, number: number): string {
  const key = `uploads/2026/11/photo-${String(number).padStart(8, '0')}.png`
  const upload: UploadRequest = { key, size: 123_456, contentType: 'image/png' }
  const body = JSON.stringify(upload)
  return [
    `POST ${ROUTE} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}
