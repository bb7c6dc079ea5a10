/**
 * Everything that one port serves: tokens, the metadata server, IAM's signBlob, the control
 * plane, batches, and both storage APIs.
 */
import { answerBatch } from './batch.ts'
import type { Answer, Call, Route } from './call.ts'
import { answerControl } from './control.ts'
import type { GcsError } from './errors.ts'
import { toJsonError, toXmlError } from './errors.ts'
import { routeJson } from './json-routes.ts'
import { decode } from './percent.ts'
import { answerMetadata, answerSignBlob, answerToken, toRpcError } from './tokens.ts'
import type { State } from './state.ts'
import { routeXml } from './xml-routes.ts'

const SIGN_BLOB = /^\/v1\/projects\/-\/serviceAccounts\/([^/]+):signBlob$/

export function findRoute(
  state: State,
  call: Call,
  answerInner: (inner: Call) => Promise<Answer>,
): Route {
  return routeService(state, call, answerInner) ?? routeJson(state, call) ?? routeXml(state, call)
}

function routeService(
  state: State,
  call: Call,
  answerInner: (inner: Call) => Promise<Answer>,
): Route | undefined {
  const { path } = call
  if (path === '/token') return service('token', (given) => answerToken(state, given))
  if (path.startsWith('/computeMetadata/v1')) {
    return service('metadata', (given) => answerMetadata(state, given))
  }
  if (path.startsWith('/__control/'))
    return service('control', (given) => answerControl(state, given))
  if (path === '/batch/storage/v1' && call.method === 'POST') {
    return service('batch', (given) => answerBatch(given, answerInner))
  }
  const email = SIGN_BLOB.exec(path)?.[1]
  if (email === undefined || call.method !== 'POST') return undefined
  return service('signBlob', (given) => answerSignBlob(state, given, decode(email)))
}

function service(operation: string, run: Route['run']): Route {
  return { api: 'json', operation, bucket: '', key: '', run }
}

/** A refusal in the words of the API that was asked. */
export function answerError(call: Call, route: Route, error: GcsError): Answer {
  const { status, message, headers = {} } = error.refusal
  if (status === 304) return { status, headers }
  const given = headers['content-type']
  const isMedia = route.api === 'json' && route.operation === 'objects.download'
  const isXml = route.api === 'xml' && given === undefined
  if (isXml) return text(call, status, headers, 'application/xml; charset=UTF-8', toXmlError(error))
  if (given !== undefined || isMedia) {
    return text(call, status, headers, given ?? 'text/html; charset=UTF-8', message)
  }
  const value = route.operation === 'signBlob' ? toRpcError(error) : toJsonError(error)
  return text(call, status, headers, 'application/json; charset=UTF-8', JSON.stringify(value))
}

function text(
  call: Call,
  status: number,
  headers: Readonly<Record<string, string>>,
  contentType: string,
  body: string,
): Answer {
  const shown = call.method === 'HEAD' ? {} : { body }
  return { status, headers: { ...headers, 'content-type': contentType }, ...shown }
}
