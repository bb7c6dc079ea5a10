// The Worker that is asked: it plans uploads, and hands every other request whole to the one behind it, which the
// platform starts when it is first asked.

import type { Front } from '#shared/front.ts'
import { openFront } from '#shared/front.ts'
import type { Environment } from './environment.ts'
import { platformOf } from './environment.ts'

let front: Front | undefined

export default {
  fetch(request: Request, environment: Environment): Promise<Response> {
    front ??= open(environment)
    return front(request)
  },
}

function open(environment: Environment): Front {
  const { WORK } = environment
  if (WORK === undefined) {
    throw new Error(
      'The Worker behind this one is not bound: deploy functions/cloudflare/work.toml, and bind it here as WORK.',
    )
  }
  return openFront({
    ...platformOf(environment),
    onward: (request, body) => WORK.fetch(body === undefined ? request : again(request, body)),
  })
}

/** A body is read once: what was read is sent as it was understood. */
function again({ url, method, headers }: Request, body: unknown): Request {
  const others = new Headers(headers)
  others.delete('content-length')
  return new Request(url, { method, headers: others, body: JSON.stringify(body) })
}
