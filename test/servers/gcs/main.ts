/**
 * Runs the server by itself: `node test/servers/gcs/main.ts --port N`. Prints one JSON line
 * when it is ready: its URL and the credentials that it takes.
 */
import { parseArgs } from 'node:util'
import { startGcsServer } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
  },
})
const server = await startGcsServer({ port: Number(values.port), host: values.host })
const { url, serviceAccount, hmac, authorizedUser } = server
console.log(JSON.stringify({ url, serviceAccount, hmac, authorizedUser }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close())
}
