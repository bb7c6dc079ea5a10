// Runs the S3 server as a process of its own: node main.ts [--port N] [--host H] [--buckets a,b]
// Prints one line of JSON, {"url": …}, when it is ready, and ends with SIGINT or SIGTERM.

import { parseArgs } from 'node:util'
import { startS3Server } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    region: { type: 'string', default: 'us-east-1' },
    buckets: { type: 'string', default: '' },
  },
})

const server = await startS3Server({
  port: Number(values.port),
  host: values.host,
  region: values.region,
  buckets: values.buckets.split(',').filter((name) => name !== ''),
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close())
}

console.log(JSON.stringify({ url: server.url }))
