// POST policies: their reading, and the holding of a form against them. Every field of the form must be
// covered by a condition, and every condition must hold.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html

import { refuse } from './errors.ts'

type FieldCondition = { kind: 'eq' | 'starts-with'; field: string; value: string }
type RangeCondition = { kind: 'content-length-range'; min: number; max: number }

export type Policy = {
  expiresMs: number
  fields: FieldCondition[]
  range: RangeCondition | undefined
}

export function parsePolicy(base64: string): Policy {
  const { expiration, conditions } = parseJson(Buffer.from(base64, 'base64').toString('utf8'))
  const expiresMs = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN
  if (Number.isNaN(expiresMs)) throw invalid("Invalid 'expiration' value")
  if (!Array.isArray(conditions)) throw invalid("Policy missing 'conditions' list")
  const parsed = conditions.flatMap((condition: unknown) => parseCondition(condition))
  return {
    expiresMs,
    fields: parsed.filter((one) => one.kind !== 'content-length-range'),
    range: parsed.find((one) => one.kind === 'content-length-range'),
  }
}

function invalid(message: string) {
  return refuse('InvalidPolicyDocument', `Invalid Policy: ${message}.`)
}

function parseJson(text: string): { expiration?: unknown; conditions?: unknown } {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    throw invalid('Invalid JSON')
  }
}

function parseCondition(condition: unknown): (FieldCondition | RangeCondition)[] {
  if (Array.isArray(condition)) return [parseList(condition)]
  if (typeof condition !== 'object' || condition === null) throw invalid('Invalid condition')
  const entries: [string, unknown][] = Object.entries(condition)
  if (entries.length !== 1) throw invalid('Simple-Condition must have exactly one property')
  return entries.map(([name, value]) => {
    if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string')
    return { kind: 'eq', field: name.toLowerCase(), value }
  })
}

function parseList(list: readonly unknown[]): FieldCondition | RangeCondition {
  const [operator, first, second] = list
  const kind = typeof operator === 'string' ? operator.toLowerCase() : ''
  if (kind === 'content-length-range') {
    const [min, max] = [Number(first), Number(second)]
    if (!Number.isInteger(min) || !Number.isInteger(max)) throw invalid('Invalid Range')
    return { kind, min, max }
  }
  const isField = typeof first === 'string' && first.startsWith('$') && typeof second === 'string'
  if (!isField || (kind !== 'eq' && kind !== 'starts-with')) throw invalid('Invalid Condition')
  return { kind, field: first.slice(1).toLowerCase(), value: second }
}

/** `fields` are the form's, and `bucket`, which a form need not name. */
export function requirePolicy(
  policy: Policy,
  fields: ReadonlyMap<string, string>,
  now: number,
): void {
  if (now >= policy.expiresMs) throw violated('Policy expired.')
  for (const condition of policy.fields) {
    if (!holds(condition, fields.get(condition.field))) {
      const text = JSON.stringify([condition.kind, `$${condition.field}`, condition.value])
      throw violated(`Policy Condition failed: ${text}`)
    }
  }
  const covered = new Set(policy.fields.map((condition) => condition.field))
  const extra = [...fields.keys()].filter((name) => !covered.has(name) && !isExempt(name))
  if (extra.length > 0) throw violated(`Extra input fields: ${extra.join(', ')}`)
}

function violated(message: string) {
  return refuse('AccessDenied', `Invalid according to Policy: ${message}`)
}

function isExempt(name: string): boolean {
  return (
    ['x-amz-signature', 'file', 'policy', 'bucket'].includes(name) || name.startsWith('x-ignore-')
  )
}

/** A content type may be a list of values, each of which must begin as the condition says. */
function holds(condition: FieldCondition, value: string | undefined): boolean {
  if (value === undefined) return condition.kind === 'starts-with' && condition.value === ''
  if (condition.kind === 'eq') return value === condition.value
  const values = condition.field === 'content-type' ? value.split(',') : [value]
  return values.every((one) => one.startsWith(condition.value))
}

export function requireLength(policy: Policy, size: number): void {
  if (!policy.range) return
  const { min, max } = policy.range
  if (size > max) {
    throw refuse('EntityTooLarge', undefined, {
      details: { ProposedSize: String(size), MaxSizeAllowed: String(max) },
    })
  }
  if (size < min) {
    throw refuse('EntityTooSmall', undefined, {
      details: { ProposedSize: String(size), MinSizeAllowed: String(min) },
    })
  }
}
