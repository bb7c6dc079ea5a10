// The suite on AWS Lambda: the built handler in a process of its own, asked through the Runtime API.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isSetAside } from '../suites/set-aside.ts'
import { defineTarget, environment } from '../suites/targets.ts'
import { buildAside } from './built.ts'
import { fromUrlAnswer, toUrlEvent } from './function-url.ts'
import type { Lambda } from './lambda.ts'
import { startLambda } from './lambda.ts'
import type { QueueStub } from './queue-stub.ts'
import { startQueueStub } from './queue-stub.ts'

const { folder } = await buildAside('aws')

let sqs: QueueStub
beforeAll(async () => {
  sqs = await startQueueStub()
})
afterAll(() => sqs.stop())

type Environment = Record<string, string>

/** A function of the suite, with what serverless.yml gives each of them. */
function start(env: Environment, handler = 'api.handler'): Promise<Lambda> {
  const given = {
    AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    SKEIN_QUEUE_URL: `${sqs.url}/123456789012/tasks`,
    SKEIN_SET_ASIDE_URL: `${sqs.url}/123456789012/set-aside`,
  }
  return startLambda({ taskRoot: folder, handler, env: { ...given, ...env } })
}

async function invokeOnce(env: Environment, handler: string, event: unknown): Promise<unknown> {
  const lambda = await start(env, handler)
  try {
    const outcome = await lambda.invoke(event)
    expect(outcome).toHaveProperty('response')
    return 'response' in outcome ? outcome.response : undefined
  } finally {
    await lambda.stop()
  }
}

function toBatch(bodies: readonly string[]): object {
  const Records = bodies.map((body, i) => ({
    messageId: `m${i}`,
    receiptHandle: `r${i}`,
    body,
    attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1773342238000' },
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:tasks',
    awsRegion: 'eu-central-1',
  }))
  return { Records }
}

async function consume(env: Environment, bodies: readonly string[]): Promise<string[]> {
  const answer = await invokeOnce(env, 'consumer.handler', toBatch(bodies))
  const { batchItemFailures } = answer as { batchItemFailures: { itemIdentifier: string }[] }
  const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
  // Counted from the third attempt on.
  const times = failed.map((id) => sqs.postponed.get(id.replace('m', 'r')))
  expect(times).toEqual(failed.map(() => 20))
  const aside = sqs.sent.filter(({ queue }) => queue === 'set-aside').map(({ body }) => body)
  return bodies.map((body, i) => {
    if (failed.includes(`m${i}`)) return 'retry'
    return aside.some((one) => isSetAside(one, body)) ? 'set-aside' : 'done'
  })
}

async function schedule(env: Environment, name: string): Promise<string[]> {
  const before = sqs.sent.length
  await invokeOnce(env, 'schedule.handler', { schedule: name })
  return sqs.sent.slice(before).map(({ body }) => body)
}

defineTarget({
  name: 'AWS Lambda',
  async start(env) {
    const lambda = await start(env)
    return {
      async send(request) {
        return fromUrlAnswer(await lambda.invoke(toUrlEvent(request)), request.method ?? 'GET')
      },
      consume: (bodies) => consume(env, bodies),
      schedule: (name) => schedule(env, name),
      stop: () => lambda.stop(),
    }
  },
  // Lambda logs what the runtime told at /init/error.
  async failure(env) {
    const failed: unknown = await start(env).then(
      (lambda) => lambda.stop(),
      (error: unknown) => error,
    )
    return failed instanceof Error ? failed.message : 'It started.'
  },
})

describe('an event that is not HTTP', () => {
  let lambda: Lambda
  beforeAll(async () => {
    lambda = await start(environment({ stores: { photos: 's3://photos?region=eu-west-1' } }))
  })
  afterAll(() => lambda.stop())

  it.each([
    ['a queue’s batch', { Records: [{ messageId: '1', eventSource: 'aws:sqs', body: '{}' }] }],
    ['a bucket’s notification', { Records: [{ eventSource: 'aws:s3', s3: {} }] }],
    [
      'a schedule',
      { version: '0', source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: {} },
    ],
    ['a WebSocket’s message', { requestContext: { routeKey: '$default', connectionId: 'c' } }],
    ['a path without a method', { version: '2.0', rawPath: '/healthz', requestContext: {} }],
    ['a method without a path', { httpMethod: 'GET' }],
    ['nothing', null],
    ['a word', 'warm-up'],
  ])('%s fails the invocation', async (_, event) => {
    expect(await lambda.invoke(event)).toMatchObject({
      error: {
        errorMessage: 'This function answers HTTP alone, and the event is not an HTTP request.',
      },
    })
  })

  it('and the next request is answered all the same', async () => {
    const answer = fromUrlAnswer(await lambda.invoke(toUrlEvent({ path: '/healthz' })), 'GET')
    expect(answer.status).toBe(200)
  })

  it.each([
    ['a GET with a body', toUrlEvent({ path: '/healthz', body: 'nobody asked' })],
    ['an API Gateway of version 1', restEvent()],
    ['such a one with a body', { ...restEvent(), body: 'nobody asked' }],
    ['a load balancer', { ...restEvent(), requestContext: { elb: { targetGroupArn: 'arn' } } }],
  ])('%s is one that is', async (_, event) => {
    expect(await lambda.invoke(event)).toMatchObject({
      response: { statusCode: 200, body: '{"status":"ok"}' },
    })
  })
})

it.each([
  [
    'consumer.handler',
    { version: '2.0', rawPath: '/' },
    'This function consumes an SQS queue alone',
  ],
  [
    'consumer.handler',
    { Records: [{ eventSource: 'aws:s3' }] },
    'This function consumes an SQS queue',
  ],
  ['consumer.handler', null, 'This function consumes an SQS queue alone'],
  ['schedule.handler', { source: 'aws.events' }, 'This function runs schedules alone'],
  ['schedule.handler', { schedule: 'dance' }, 'There is no schedule "dance"'],
])('%s fails an event that is not its own: %j', async (handler, event, message) => {
  const lambda = await start(environment({ stores: { photos: 'gs://photos' } }), handler)
  onTestFinished(() => lambda.stop())
  expect(await lambda.invoke(event)).toMatchObject({
    error: { errorMessage: expect.stringContaining(message) as string },
  })
})

function restEvent(): object {
  const headers = { host: 'abc.execute-api.eu-central-1.amazonaws.com' }
  return {
    ...{
      httpMethod: 'GET',
      path: '/healthz',
      resource: '/{proxy+}',
      headers,
      multiValueHeaders: {},
    },
    ...{ queryStringParameters: {}, multiValueQueryStringParameters: {}, isBase64Encoded: false },
    body: null,
    requestContext: {
      httpMethod: 'GET',
      path: '/healthz',
      stage: 'dev',
      requestId: 'r',
      identity: {},
    },
  }
}
