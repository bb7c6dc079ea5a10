// Cross-origin rules: what a browser's preflight is answered, and which headers an answer carries.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html

import type { Answer } from './call.ts'
import { refuse } from './errors.ts'
import type { Bucket } from './state.ts'
import type { Target } from './target.ts'
import { childrenOf, readXml, textOf } from './xml-read.ts'
import type { Node } from './xml-read.ts'

type Rule = {
  origins: string[]
  methods: string[]
  headers: string[]
  exposed: string[]
  maxAge: string | undefined
}

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

export function parseCorsRules(document: Node): Rule[] {
  const rules = childrenOf(document, 'CORSRule').map(parseRule)
  if (rules.length === 0 || rules.length > 100) throw refuse('MalformedXML')
  return rules
}

function parseRule(node: Node): Rule {
  const texts = (name: string) => childrenOf(node, name).map((child) => child.text)
  const rule = {
    origins: texts('AllowedOrigin'),
    methods: texts('AllowedMethod'),
    headers: texts('AllowedHeader'),
    exposed: texts('ExposeHeader'),
    maxAge: textOf(node, 'MaxAgeSeconds'),
  }
  if (rule.origins.length === 0 || rule.methods.length === 0) throw refuse('MalformedXML')
  const foreign = rule.methods.find((method) => !methods.includes(method))
  if (foreign !== undefined) {
    throw refuse(
      'InvalidRequest',
      `Found unsupported HTTP method in CORS config. Unsupported method is ${foreign}`,
    )
  }
  if ([...rule.origins, ...rule.headers].some((text) => text.split('*').length > 2)) {
    throw refuse(
      'InvalidRequest',
      'AllowedOrigin or AllowedHeader can not have more than one wildcard.',
    )
  }
  return rule
}

/** One `*` stands for any text. */
function fits(pattern: string, text: string): boolean {
  const [before = '', after] = pattern.split('*')
  if (after === undefined) return pattern === text
  return (
    text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after)
  )
}

function findRule(
  bucket: Bucket,
  origin: string,
  method: string,
  asked: string[],
): Rule | undefined {
  const stored = bucket.configurations.get('cors')
  if (stored === undefined) return undefined
  return parseCorsRules(readXml(stored, 'CORSConfiguration')).find(
    (rule) =>
      rule.origins.some((pattern) => fits(pattern, origin)) &&
      rule.methods.includes(method) &&
      asked.every((name) => rule.headers.some((pattern) => fits(pattern.toLowerCase(), name))),
  )
}

function ruleHeaders(rule: Rule, origin: string): Record<string, string> {
  const any = rule.origins.includes('*')
  return {
    'access-control-allow-origin': any ? '*' : origin,
    'access-control-allow-methods': rule.methods.join(', '),
    ...(rule.exposed.length > 0
      ? { 'access-control-expose-headers': rule.exposed.join(', ') }
      : {}),
    ...(rule.maxAge === undefined ? {} : { 'access-control-max-age': rule.maxAge }),
    ...(any ? {} : { 'access-control-allow-credentials': 'true' }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  }
}

/** The headers an answer to this request carries; none without an origin that a rule allows. */
export function corsHeaders(bucket: Bucket | undefined, target: Target): Record<string, string> {
  const origin = target.headers.get('origin')
  if (!bucket || origin === undefined) return {}
  const rule = findRule(bucket, origin, target.method, [])
  return rule ? ruleHeaders(rule, origin) : {}
}

export function answerPreflight(bucket: Bucket, target: Target): Answer {
  const origin = target.headers.get('origin')
  const method = target.headers.get('access-control-request-method')
  if (origin === undefined || method === undefined) {
    throw refuse('InvalidRequest', 'Insufficient information. Origin request header needed.')
  }
  const names = target.headers.get('access-control-request-headers') ?? ''
  const asked = names
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  const rule = findRule(bucket, origin, method, asked)
  if (!rule) {
    const enabled = bucket.configurations.has('cors')
    throw refuse(
      'AccessForbidden',
      enabled ? undefined : 'CORSResponse: CORS is not enabled for this bucket.',
    )
  }
  const allowed = asked.length > 0 ? { 'access-control-allow-headers': asked.join(', ') } : {}
  return { status: 200, headers: { ...ruleHeaders(rule, origin), ...allowed } }
}
