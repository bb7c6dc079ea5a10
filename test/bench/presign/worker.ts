// The sides in a Worker. The clock there stands still while code runs, so one request signs a whole batch and
// whoever asked for it holds the watch.

import { openOurs } from './ours.ts'
import { openS3Peers } from './s3-peers.ts'
import type { Keys, Side } from './work.ts'
import { signMany } from './work.ts'

/** Opened at the first request: a Worker may draw no random numbers before. */
let sides: Side[] | undefined

export default {
  async fetch(request: Request, env: { KEYS: Keys }): Promise<Response> {
    sides ??= [...openOurs(env.KEYS), ...openS3Peers(env.KEYS)]
    const query = new URL(request.url).searchParams
    const count = Number(query.get('count'))
    const side = sides.find((one) => `${one.group}.${one.name}` === query.get('side'))
    if (!side) return new Response('no such side', { status: 404 })
    if (count === 1) return new Response(await side.sign('uploads/sample.png'))
    return new Response(String(await signMany(side, count, Number(query.get('inFlight')))))
  },
}
