// Requests that no route took: a known path with another method is told which there are, a preflight is
// answered, and the rest leads nowhere. None of it needs to know who asks.

import type { Gate } from './gate.ts'
import type { Reply } from './problems.ts'
import { RequestError, problem, problemReply } from './problems.ts'

interface KnownPath {
  segments: readonly string[]
  methods: ReadonlySet<string>
}

export interface Known {
  method: string
  /** As the router writes it: `:name` stands for any segment. */
  path: string
}

export function createUnrouted(
  gate: Gate,
  routes: readonly Known[],
): (request: Request, path: string) => Reply {
  const known = knownPaths(routes)

  return (request, path) => {
    const segments = path.split('/')
    const found = known.find((one) => fits(one.segments, segments))
    if (found === undefined) return problemReply(problem('not-found', 'There is no such route.'))
    const allow = [...found.methods].join(', ')
    if (request.method === 'OPTIONS') {
      const headers = { allow }
      gate.cors?.preflight(request.headers.get('origin'), headers)
      return { status: 204, body: null, headers }
    }
    const sentence = `This route does not take that method; it takes ${allow}.`
    return problemReply(new RequestError(405, sentence, { allow }))
  }
}

function knownPaths(routes: readonly Known[]): KnownPath[] {
  const methods = new Map<string, Set<string>>()
  for (const { method, path } of routes) {
    const found = methods.get(path) ?? new Set()
    found.add(method.toUpperCase())
    if (method === 'get') found.add('HEAD')
    methods.set(path, found)
  }
  return [...methods].map(([path, all]) => ({
    segments: path.split('/'),
    methods: all.add('OPTIONS'),
  }))
}

function fits(known: readonly string[], segments: readonly string[]): boolean {
  if (known.length !== segments.length) return false
  return known.every((one, index) => {
    return one.startsWith(':') ? segments[index] !== '' : one === segments[index]
  })
}
