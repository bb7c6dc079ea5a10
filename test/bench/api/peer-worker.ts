// A peer as a Worker.

import type { Hono } from 'hono'
import { openPeer } from './peer.ts'

/** Opened at the first request: a Worker may draw no random numbers before. */
let app: Promise<Hono> | undefined

export default {
  async fetch(request: Request, env: Record<string, string>): Promise<Response> {
    app ??= openPeer(env)
    return (await app).fetch(request)
  },
}
