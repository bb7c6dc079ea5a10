// What stands before a Lambda function that has a URL: a request becomes an event, and the function's answer
// a response. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

import type { TargetRequest } from '../suites/targets.ts'
import type { Outcome } from './lambda.ts'

const HOST = 'abcdefghij.lambda-url.eu-central-1.on.aws'

interface UrlAnswer {
  statusCode?: number
  headers?: Record<string, string>
  body?: string
  cookies?: string[]
  isBase64Encoded?: boolean
}

export function toUrlEvent({ method = 'GET', path, headers = {}, body }: TargetRequest): object {
  const [rawPath = '/', rawQueryString = ''] = path.split(/\?(.*)/s)
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: { host: HOST, 'x-forwarded-proto': 'https', ...headers },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abcdefghij',
      domainName: HOST,
      domainPrefix: 'abcdefghij',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.9',
        userAgent: 'test',
      },
      requestId: '00000000-0000-4000-8000-000000000000',
      routeKey: '$default',
      stage: '$default',
      time: '12/Mar/2026:19:03:58 +0000',
      timeEpoch: 1_773_342_238_000,
    },
    ...(body !== undefined && { body: Buffer.from(body).toString('base64') }),
    isBase64Encoded: body !== undefined,
  }
}

/** A failed invocation reaches the client as a bare 502. */
export function fromUrlAnswer(outcome: Outcome, method: string): Response {
  if ('error' in outcome) return new Response('Internal Server Error', { status: 502 })
  const { statusCode = 200, headers = {}, cookies = [], ...answer } = outcome.response as UrlAnswer
  const body = Buffer.from(answer.body ?? '', answer.isBase64Encoded ? 'base64' : 'utf8')
  const sent = new Headers(headers)
  for (const cookie of cookies) sent.append('set-cookie', cookie)
  // The HTTP server that stands there sends no body after a HEAD, whatever the function gave.
  return new Response(method === 'HEAD' ? null : body, { status: statusCode, headers: sent })
}
