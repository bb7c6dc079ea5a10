// Azure Functions: every door in one app. HTTP is closed or open as the API decides; the queue is
// there where the app setting SKEIN_QUEUE names one.

import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions'
import { app } from '@azure/functions'
import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Platform } from '#shared/platform.ts'
import { SCHEDULES } from '#shared/schedules.ts'
import { consumeOne, storageQueue } from './queue.ts'
import { createStorageQueue } from './storage-queue.ts'

const queue = process.env['SKEIN_QUEUE']
const base: Platform = { env: process.env, fileSystem: false, now: Date.now, log: console.error }
const put = createStorageQueue(base)
const platform: Platform = { ...base, queue: queue ? storageQueue(put, queue) : undefined }
const skein = createSkein(await findConfig(platform), platform)

app.setup({ enableHttpStream: true })

app.http('api', {
  route: '{*path}',
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
  authLevel: 'anonymous',
  handler: answer,
})

if (queue) {
  app.storageQueue('consumer', {
    queueName: queue,
    connection: 'AzureWebJobsStorage',
    handler: (entry: unknown, context: InvocationContext) =>
      consumeOne(skein, put, queue, {
        id: context.invocationId,
        entry,
        dequeueCount: Number(context.triggerMetadata?.['dequeueCount'] ?? 1),
      }),
  })
}

for (const [name, { cron }] of Object.entries(SCHEDULES)) {
  app.timer(name, { schedule: `0 ${cron}`, handler: () => skein.schedule(name) })
}

async function answer(request: HttpRequest): Promise<HttpResponseInit> {
  const { method, url, headers } = request
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const response = await skein.fetch(
    new Request(url, {
      method,
      headers: Object.fromEntries(headers.entries()),
      ...(hasBody && { body: request.body as BodyInit | null, duplex: 'half' }),
    }),
  )
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers.entries()),
    ...(response.body && { body: response.body as HttpResponseInit['body'] & object }),
  }
}
