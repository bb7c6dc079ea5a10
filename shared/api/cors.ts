// Which pages may call the API. An origin is allowed by its exact name or as a subdomain,
// `https://*.example.com`; nothing is allowed unless the configuration says so. No cookie is ever looked at, so none
// are allowed.

import type { Config } from '#shared/config/config.ts'

const METHODS = 'GET, HEAD, POST, PUT, DELETE'
const REQUEST_HEADERS = 'authorization, content-type, x-request-id'
const EXPOSED = 'x-request-id, location, retry-after, www-authenticate'

export interface Cors {
  /** Written into the headers of an answer to this origin. */
  allow(origin: string | null, headers: Record<string, string>): void
  /** Further headers for the answer to a preflight. */
  preflight(origin: string | null, headers: Record<string, string>): void
}

export function createCors(config: Config['cors']): Cors | undefined {
  if (config === undefined) return undefined
  const { origins, maxAgeSeconds } = config
  const exact = new Set(origins)
  const families = origins.filter((origin) => origin.includes('://*.')).map(familyOf)
  const allowed = (origin: string) =>
    exact.has('*') || exact.has(origin) || families.some((family) => family(origin))
  const cors: Cors = {
    allow(origin, headers) {
      headers['vary'] = 'Origin'
      if (origin === null || !allowed(origin)) return
      headers['access-control-allow-origin'] = origin
      headers['access-control-expose-headers'] = EXPOSED
    },
    preflight(origin, headers) {
      cors.allow(origin, headers)
      if (headers['access-control-allow-origin'] === undefined) return
      headers['access-control-allow-methods'] = METHODS
      headers['access-control-allow-headers'] = REQUEST_HEADERS
      headers['access-control-max-age'] = String(Math.floor(maxAgeSeconds))
    },
  }
  return cors
}

/** `https://*.example.com`: any subdomain, however deep, and not the domain itself. */
function familyOf(pattern: string): (origin: string) => boolean {
  const [scheme = '', domain = ''] = pattern.split('*')
  return (origin) =>
    origin.startsWith(scheme) &&
    origin.endsWith(domain) &&
    /^[a-z0-9.-]+$/.test(origin.slice(scheme.length, -domain.length))
}
