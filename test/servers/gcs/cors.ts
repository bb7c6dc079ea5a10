/**
 * Which answers a browser's page may read: by the bucket's rules in the XML API, by the
 * session's own origin for a resumable upload, and always in the JSON API.
 * https://cloud.google.com/storage/docs/cross-origin
 */
import type { Answer, Call, Route } from './call.ts'
import { empty, isObject } from './call.ts'
import type { Bucket, State } from './state.ts'

interface CorsRule {
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  readonly maxAgeSeconds: number
  /** What the answer names: the origin, or `*` where the rule says so. */
  readonly allowed: string
}

export function findCors(bucket: Bucket, origin: string, method: string): CorsRule | undefined {
  const rules: unknown = bucket.resource['cors']
  if (!Array.isArray(rules)) return undefined
  for (const rule of rules.filter(isObject)) {
    const origins = texts(rule['origin'])
    const methods = texts(rule['method'])
    const allowed = origins.includes(origin) ? origin : '*'
    if (!origins.includes(allowed) || !(methods.includes(method) || methods.includes('*'))) continue
    const maxAgeSeconds = Number(rule['maxAgeSeconds'] ?? 3600)
    return { methods, headers: texts(rule['responseHeader']), maxAgeSeconds, allowed }
  }
  return undefined
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : []
}

/** The headers for the answer to a cross-origin request that is no preflight. */
export function corsHeaders(state: State, call: Call, route: Route): Answer['headers'] {
  const origin = call.headers['origin']
  if (origin === undefined) return {}
  const session = sessionOrigin(state, call)
  if (session !== undefined) return session === origin ? exposed(origin, SESSION_HEADERS) : {}
  if (route.api === 'json') return exposed(origin, ['*'])
  const bucket = state.buckets.get(route.bucket)
  const rule = bucket && findCors(bucket, origin, call.method)
  return rule ? exposed(rule.allowed, rule.headers) : {}
}

const SESSION_HEADERS = ['Content-Length', 'Content-Type', 'Date', 'Range', 'X-GUploader-UploadID']

function exposed(origin: string, headers: readonly string[]): Answer['headers'] {
  return {
    'access-control-allow-origin': origin,
    ...(headers.length > 0 ? { 'access-control-expose-headers': headers.join(', ') } : {}),
    vary: 'Origin',
  }
}

/** The origin that a session belongs to; an empty one where it has none. */
function sessionOrigin(state: State, call: Call): string | undefined {
  const id = call.query.get('upload_id')
  if (!id) return undefined
  return state.sessions.get(id)?.request.corsOrigin ?? ''
}

/** A refused preflight is a 200 that allows nothing, as Cloud Storage answers. */
export function answerPreflight(state: State, call: Call, route: Route): Answer {
  const origin = call.headers['origin']
  const method = call.headers['access-control-request-method']
  if (origin === undefined || method === undefined) return empty(200)
  const asked = (call.headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const session = sessionOrigin(state, call)
  if (session !== undefined) {
    return session === origin ? allow(origin, [method], asked, 3600) : empty(200)
  }
  if (route.api === 'json') return allow(origin, [method], asked, 3600)
  const bucket = state.buckets.get(route.bucket)
  const rule = bucket && findCors(bucket, origin, method)
  if (!rule || !asked.every((name) => permits(rule.headers, name))) return empty(200)
  return allow(rule.allowed, rule.methods, asked, rule.maxAgeSeconds)
}

function permits(listed: readonly string[], name: string): boolean {
  return listed.some((one) => {
    if (one === '*') return true
    const wanted = one.toLowerCase()
    if (wanted.endsWith('*')) return name.toLowerCase().startsWith(wanted.slice(0, -1))
    return wanted === name.toLowerCase()
  })
}

function allow(
  origin: string,
  methods: readonly string[],
  headers: readonly string[],
  maxAgeSeconds: number,
): Answer {
  return empty(200, {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': methods.join(', '),
    ...(headers.length > 0 ? { 'access-control-allow-headers': headers.join(', ') } : {}),
    'access-control-max-age': maxAgeSeconds,
    vary: 'Origin',
  })
}
