// A strict SQS in memory, over a socket: its JSON protocol, signed requests, queues with a visibility timeout
// and a dead-letter queue. What it does not know it refuses.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ACTIONS } from './actions.ts'
import type { Credential } from './caller.ts'
import { checkCaller } from './caller.ts'
import type { QueueSettings } from './queue.ts'
import { Queue } from './queue.ts'
import { Refusal } from './refusal.ts'

export const SQS_REGION = 'eu-central-1'
const ACCOUNT = '123456789012'

export const sqsCredential: Credential = {
  accessKeyId: 'ASIAEXAMPLE000000001',
  secretAccessKey: 'examplesecretkey000000000000000000000001',
}

export type SqsServer = {
  url: string
  /** By its name; the address that clients use is `urlOf` it. */
  addQueue(name: string, settings?: QueueSettings): Queue
  urlOf(name: string): string
  close(): Promise<void>
}

export async function startSqsServer(): Promise<SqsServer> {
  const queues = new Map<string, Queue>()
  const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
    void answer(queues, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    urlOf: (name) => `${url}/${ACCOUNT}/${name}`,
    addQueue(name, settings) {
      const queue = new Queue(settings)
      queues.set(`${url}/${ACCOUNT}/${name}`, queue)
      return queue
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  queues: ReadonlyMap<string, Queue>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = 'application/x-amz-json-1.0'
  try {
    const result = await perform(queues, request)
    response.writeHead(200, { 'content-type': type }).end(JSON.stringify(result))
  } catch (error) {
    const bug = new Refusal('InternalFailure', `A bug of the server: ${String(error)}`, 500)
    const refusal = error instanceof Refusal ? error : bug
    const body = JSON.stringify({ __type: refusal.type, message: refusal.message })
    response.writeHead(refusal.status, { 'content-type': type }).end(body)
  }
}

async function perform(
  queues: ReadonlyMap<string, Queue>,
  request: IncomingMessage,
): Promise<Record<string, unknown>> {
  const body = await text(request)
  const { headers, method, url } = request
  if (method !== 'POST' || url !== '/') {
    throw new Refusal('com.amazon.coral.service#UnknownOperationException', 'No such operation.')
  }
  checkCaller(sqsCredential, SQS_REGION, headers, body)
  if (headers['content-type'] !== 'application/x-amz-json-1.0') {
    throw new Refusal(
      'com.amazon.coral.service#UnknownOperationException',
      'Not the JSON protocol.',
    )
  }
  const name = /^AmazonSQS\.(\w+)$/.exec(String(headers['x-amz-target']))?.[1] ?? ''
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (!action) {
    throw new Refusal('com.amazon.coral.service#UnknownOperationException', `There is no ${name}.`)
  }
  const asked = readRequest(body)
  const queue = queues.get(String(asked['QueueUrl']))
  if (queue) return action(queue, asked)
  throw new Refusal('com.amazonaws.sqs#QueueDoesNotExist', 'The specified queue does not exist.')
}

function readRequest(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Told below.
  }
  throw new Refusal(
    'com.amazon.coral.service#SerializationException',
    'The body is no JSON object.',
  )
}
