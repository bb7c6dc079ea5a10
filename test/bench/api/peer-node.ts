// A peer as a Node program.

import { serve } from '@hono/node-server'
import { openPeer } from './peer.ts'

const { fetch } = await openPeer(process.env)
serve({ fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`)
})
