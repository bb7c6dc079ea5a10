// The suite on AWS Lambda: the built handler in a process of its own, asked through the Runtime API.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineTarget, environment } from '../suites/targets.ts'
import { buildAside } from './built.ts'
import { fromUrlAnswer, toUrlEvent } from './function-url.ts'
import type { Lambda } from './lambda.ts'
import { startLambda } from './lambda.ts'

const { folder } = await buildAside('aws')

function start(env: Record<string, string>): Promise<Lambda> {
  return startLambda({ taskRoot: folder, handler: 'api.handler', env })
}

defineTarget({
  name: 'AWS Lambda',
  async start(env) {
    const lambda = await start(env)
    return {
      async send(request) {
        return fromUrlAnswer(await lambda.invoke(toUrlEvent(request)), request.method ?? 'GET')
      },
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
    ['an API Gateway of version 1', restEvent()],
    ['a load balancer', { ...restEvent(), requestContext: { elb: { targetGroupArn: 'arn' } } }],
  ])('%s is one that is', async (_, event) => {
    expect(await lambda.invoke(event)).toMatchObject({
      response: { statusCode: 200, body: '{"status":"ok"}' },
    })
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
