// What takes messages in the place of SQS and of an Azure Storage queue: records what was sent to which queue.
// Their wire is held elsewhere: to Azurite, and to another
// signer of Amazon's requests.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface SentMessage {
  queue: string
  body: string
  delaySeconds: number
}

export interface ReceivedCall {
  headers: IncomingHttpHeaders
  url: string
  body: string
}

export interface QueueStub {
  url: string
  sent: SentMessage[]
  /** Seconds by receipt handle. */
  postponed: Map<string, number>
  calls: ReceivedCall[]
  /** Answers of the next calls, before it goes back to taking everything. */
  refuse: { status: number; body: string }[]
  stop(): Promise<void>
}

interface SqsRequest {
  QueueUrl: string
  Entries: {
    MessageBody?: string
    DelaySeconds?: number
    ReceiptHandle?: string
    VisibilityTimeout?: number
  }[]
}

export async function startQueueStub(): Promise<QueueStub> {
  const stub = { sent: [], postponed: new Map(), calls: [], refuse: [] } as Pick<
    QueueStub,
    'sent' | 'postponed' | 'calls' | 'refuse'
  >
  const server = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      const { headers, url = '/' } = incoming
      stub.calls.push({ headers, url, body })
      const refusal = stub.refuse.shift()
      if (refusal) return outgoing.writeHead(refusal.status).end(refusal.body)
      if (headers['x-amz-target']) takeSqs(stub, JSON.parse(body) as SqsRequest)
      else stub.sent.push(readStorageQueue(url, body))
      return outgoing.writeHead(headers['x-amz-target'] ? 200 : 201).end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, ...stub },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function takeSqs(stub: Pick<QueueStub, 'sent' | 'postponed'>, request: SqsRequest): void {
  const queue = request.QueueUrl.replace(/^.*\//, '')
  for (const entry of request.Entries) {
    const { MessageBody, DelaySeconds = 0, ReceiptHandle, VisibilityTimeout = 0 } = entry
    if (MessageBody === undefined) stub.postponed.set(ReceiptHandle ?? '', VisibilityTimeout)
    else stub.sent.push({ queue, body: MessageBody, delaySeconds: DelaySeconds })
  }
}

function readStorageQueue(path: string, body: string): SentMessage {
  const { pathname, searchParams } = new URL(path, 'http://stub')
  const [, message = ''] = /<MessageText>(.*)<\/MessageText>/.exec(body) ?? []
  return {
    queue: pathname.split('/').at(-2) ?? '',
    body: Buffer.from(message, 'base64').toString(),
    delaySeconds: Number(searchParams.get('visibilitytimeout')),
  }
}
