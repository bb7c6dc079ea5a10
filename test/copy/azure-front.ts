// A front before Azurite that does what Azure does and Azurite does not: it reads a block from a URL of another
// provider. All else is passed on as it came.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import type { Servers } from '../harness/servers.ts'

export interface AzureFront {
  url: string
  /** The URLs that it read. */
  pulled: string[]
  close(): Promise<void>
}

export async function startAzureFront({ azurite }: Servers): Promise<AzureFront> {
  const pulled: string[] = []
  const behind = new URL(azurite.url)
  const credential = new StorageSharedKeyCredential(azurite.account, azurite.accountKey)
  const blobs = new BlobServiceClient(azurite.url, credential)
  const server = createServer((incoming, outgoing) => {
    const source = incoming.headers['x-ms-copy-source']
    const foreign = typeof source === 'string' && new URL(source).host !== incoming.headers.host
    const answering = foreign ? pullBlock(incoming, outgoing, source) : passOn(incoming, outgoing)
    answering.catch((error: unknown) =>
      outgoing.destroy(error instanceof Error ? error : undefined),
    )
  })

  async function pullBlock(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    source: string,
  ): Promise<void> {
    pulled.push(source)
    const range = String(incoming.headers['x-ms-source-range'])
    const answer = await fetch(source, { headers: { range } })
    if (!answer.ok) {
      outgoing.writeHead(answer.status, { 'x-ms-error-code': 'CannotVerifyCopySource' }).end()
      return
    }
    const { pathname, searchParams } = new URL(incoming.url ?? '/', behind)
    const [, , container = '', ...name] = pathname.split('/').map(decodeURIComponent)
    const blob = blobs.getContainerClient(container).getBlockBlobClient(name.join('/'))
    const bytes = Buffer.from(await answer.arrayBuffer())
    const staged = await blob.stageBlock(searchParams.get('blockid') ?? '', bytes, bytes.length)
    const crc64 = Buffer.from(staged.xMsContentCrc64 ?? []).toString('base64')
    const { requestId } = staged
    outgoing.writeHead(201, { 'x-ms-content-crc64': crc64, 'x-ms-request-id': requestId }).end()
  }

  async function passOn(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, url: path, headers } = incoming
    const body = await buffer(incoming)
    const passed = send(
      { host: behind.hostname, port: behind.port, method, path, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(outgoing)
      },
    )
    passed.on('error', () => outgoing.destroy())
    passed.end(body)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${behind.pathname}`,
    pulled,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
