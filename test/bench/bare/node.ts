// The bare route as a Node program, started as the real one is.

import { serve } from '@hono/node-server'
import { openBare } from './app.ts'

const { fetch } = openBare(process.env['PLAN'])
if (import.meta.main) {
  serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
    console.log(`http://127.0.0.1:${port}`)
  })
}
