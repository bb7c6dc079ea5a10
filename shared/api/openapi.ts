// The OpenAPI 3.1 document, made from the very descriptions that validate the requests. Loaded by the
// generator and by a test, never by what is deployed: what is served is the committed file.

import { HOOK_PROVIDERS } from '#shared/events/hook.ts'
import { jsonSchema } from '#shared/shape/json-schema.ts'
import * as z from '#shared/shape/shape.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import { ERROR_KINDS, problem } from './problems.ts'
import * as requests from './requests.ts'
import { RESPONSES } from './responses.ts'
import type { Route } from './route.ts'
import { NO_BODY } from './route.ts'
import { ROUTES } from './routes/routes.ts'
import { uploadRequest } from './upload-request.ts'

type Json = Record<string, unknown>

const COMPONENTS = '#/components/schemas/'
const REFUSED = '#/components/responses/'

const REQUESTS = {
  UploadRequest: uploadRequest,
  BatchRequest: requests.batchRequest,
  PartsRequest: requests.partsRequest,
  CompleteRequest: requests.completeRequest,
  DownloadRequest: requests.downloadRequest,
  CopyRequest: requests.copyRequest,
  ReplayRequest: requests.replayRequest,
  ResyncRequest: requests.resyncRequest,
  FailoverRequest: requests.failoverRequest,
  FailbackRequest: requests.failbackRequest,
  JobRequest: requests.jobRequest,
  UppyRequest: requests.uppyRequest,
}

export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Skein',
      version: '1',
      description:
        'Signed uploads and downloads for objects that are kept in several clouds. Errors are RFC 9457 problem documents, one `type` for each kind.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths: paths(),
    components: {
      schemas: schemas(),
      responses: refusedResponses(),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of `skein token`, or a JWT of an issuer that the configuration knows.',
        },
      },
    },
  }
}

function paths(): Json {
  const all: Record<string, Json> = {}
  for (const route of ROUTES) {
    const path = `/v1/{workspace}${route.path.replace(/:(\w+)/g, '{$1}')}`
    all[path] = { ...all[path], [route.method]: operation(route) }
  }
  return { ...all, ...OPEN }
}

function operation(route: Route): Json {
  const { summary, scopes, body } = route
  return {
    operationId: nameOf(route),
    summary,
    description: `Takes the scope${scopes.length > 1 ? 's' : ''} ${scopes.map((s) => `\`${s}\``).join(' and ')}.`,
    parameters: parameters(route),
    ...(body !== NO_BODY && { requestBody: requestBody(body) }),
    responses: responses(route),
  }
}

/** `postUploadsIdParts`: unique, and stable as long as the route is. */
function nameOf({ method, path }: Route): string {
  const words = path.split(/[/:]+/).filter(Boolean)
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
}

function parameters({ path, query }: Route): Json[] {
  const named = ['workspace', ...(path.includes(':id') ? ['id'] : [])]
  const { properties = {}, required = [] } = jsonSchema(query, REFERENCES)
  const needed = required as string[]
  return [
    ...named.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(properties as Json).map(([name, schema]) => {
      return { name, in: 'query', required: needed.includes(name), schema }
    }),
  ]
}

function requestBody(body: z.Shape): Json {
  const [name] = Object.entries(REQUESTS).find(([, schema]) => schema === body) ?? []
  if (name === undefined) throw new Error('A route takes a body that has no name in REQUESTS.')
  // Where every field may be left out, so may the body.
  const required = !z.safeParse(body, {}).success
  return { required, content: { 'application/json': { schema: { $ref: COMPONENTS + name } } } }
}

function responses({ answer, refusals }: Route): Json {
  const kinds: ErrorKind[] = ['unauthenticated', 'denied', ...refusals]
  const statuses = new Set(kinds.map((kind) => problem(kind, '').status))
  const refused = [...statuses].toSorted((a, b) => a - b)
  return {
    [answer.status]: success(answer),
    ...Object.fromEntries(refused.map((status) => [status, { $ref: REFUSED + status }])),
    default: { $ref: `${REFUSED}other` },
  }
}

/** One answer for each status that problems have. */
function refusedResponses(): Json {
  const titles = new Map<number, string[]>()
  for (const kind of ERROR_KINDS) {
    const { status, title } = problem(kind, '')
    titles.set(status, [...(titles.get(status) ?? []), title])
  }
  const named = [...titles].map(([status, all]) => [status, problemResponse(all.join('; '))])
  return { ...Object.fromEntries(named), other: problemResponse('Any other problem') }
}

function success(answer: Route['answer']): Json {
  switch (answer.status) {
    case 200:
      return {
        description: answer.body,
        content: { 'application/json': { schema: { $ref: COMPONENTS + answer.body } } },
      }
    case 204:
      return { description: 'Done' }
    default:
      return {
        description: 'Where to send the same request again, without the token',
        headers: { location: { required: true, schema: { type: 'string', format: 'uri' } } },
      }
  }
}

function problemResponse(description: string): Json {
  const schema = { $ref: `${COMPONENTS}Problem` }
  return { description, content: { 'application/problem+json': { schema } } }
}

function open(operationId: string, summary: string): Json {
  const answers = { 200: { description: 'OK', content: JSON_OBJECT } }
  return { get: { operationId, summary, security: [], responses: answers } }
}

const JSON_OBJECT = { 'application/json': { schema: { type: 'object' } } }

/** Each proves itself by what its provider signs or brings; nothing of ours is asked for. */
const HOOK = {
  post: {
    operationId: 'postHooksProviderStore',
    summary: 'Take what a provider tells of changes in a store',
    description:
      'For providers, not for apps: a notification of SNS, EventBridge, Pub/Sub, Event Grid, B2 or MinIO as it is sent. A 200 means that every change is kept in the queue; what cannot be verified gets 401, and trouble of ours 503, so that it is sent again.',
    security: [],
    parameters: [
      hookParameter('provider', { type: 'string', enum: HOOK_PROVIDERS }),
      hookParameter('store', { type: 'string' }),
    ],
    requestBody: { content: { 'application/json': { schema: {} } } },
    responses: {
      200: { description: 'Kept, or a handshake answered', content: JSON_OBJECT },
      ...Object.fromEntries([400, 401, 503].map((status) => [status, { $ref: REFUSED + status }])),
    },
  },
}

function hookParameter(name: string, schema: Json): Json {
  return { name, in: 'path', required: true, schema }
}

const METRICS = {
  get: {
    operationId: 'getMetrics',
    summary: 'What is counted, for Prometheus',
    description:
      'Takes the scope `operate` for all workspaces and all keys, unless the configuration opens it.',
    responses: {
      200: { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } },
      ...Object.fromEntries([401, 403].map((status) => [status, { $ref: REFUSED + status }])),
    },
  },
}

const OPEN = {
  '/healthz': open('getHealthz', 'Whether the suite answers'),
  '/capabilities': open('getCapabilities', 'What each provider can do, and how that is known'),
  '/openapi.json': open('getOpenapiJson', 'This document'),
  '/metrics': METRICS,
  '/hooks/{provider}/{store}': HOOK,
}

const NAMED: Record<string, z.Shape> = { ...REQUESTS, ...RESPONSES }
const REFERENCES = new Map(Object.entries(NAMED).map(([id, shape]) => [shape, COMPONENTS + id]))

/** All named schemas, which refer to each other by name. */
function schemas(): Json {
  const made = Object.entries(NAMED).map(([id, shape]) => [id, jsonSchema(shape, REFERENCES)])
  return Object.fromEntries(made) as Json
}
