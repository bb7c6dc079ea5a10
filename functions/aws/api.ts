// The HTTP door on AWS Lambda, behind a Function URL or an API Gateway. Anything that is not an HTTP event
// fails the invocation: an adapter that answered 404 to a queue's batch would have its messages deleted.
// Answers are small, since bytes never come this way, so none is streamed.

import type { LambdaContext, LambdaEvent } from 'hono/aws-lambda'
import { handle } from 'hono/aws-lambda'
import { Hono } from 'hono'
import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import { platform } from './platform.ts'

const skein = createSkein(await findConfig(platform), platform)
const http = handle(new Hono().mount('/', (request) => skein.fetch(request)))

export async function handler(event: unknown, context: LambdaContext): Promise<unknown> {
  const method = methodOf(event)
  if (method === undefined) {
    throw new Error('This function answers HTTP alone, and the event is not an HTTP request.')
  }
  // Nobody reads the body of such a request, and the adapter would refuse it in words of its own.
  const bodiless = method === 'GET' || method === 'HEAD'
  return http({ ...(event as LambdaEvent), ...(bodiless && { body: null }) }, context)
}

interface HttpEvent {
  rawPath: string
  requestContext: { http?: { method?: string } }
  path: string
  httpMethod: string
}

/** Payloads of version 2 have a raw path, those of version 1 and of load balancers a method beside their path. */
function methodOf(event: unknown): string | undefined {
  const { rawPath, requestContext, path, httpMethod } = (event ?? {}) as Partial<HttpEvent>
  if (typeof rawPath === 'string') return requestContext?.http?.method
  return typeof path === 'string' ? httpMethod : undefined
}
