// Lifecycle rules: what S3 checks when they are put. The rules are kept, not run.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

import { refuse } from './errors.ts'
import type { Bucket } from './state.ts'
import { childOf, childrenOf, textOf } from './xml-read.ts'
import type { Node } from './xml-read.ts'

const actions = [
  'Expiration',
  'Transition',
  'NoncurrentVersionExpiration',
  'NoncurrentVersionTransition',
  'AbortIncompleteMultipartUpload',
]
const known = new Set([...actions, 'ID', 'Status', 'Filter', 'Prefix'])
const maxRules = 1000

export function checkLifecycle(document: Node, bucket: Bucket): void {
  const rules = childrenOf(document, 'Rule')
  if (rules.length === 0 || rules.length > maxRules) throw refuse('MalformedXML')
  for (const rule of rules) checkRule(rule, bucket)
  const ids = rules.flatMap((rule) => textOf(rule, 'ID') ?? [])
  if (new Set(ids).size < ids.length) {
    throw refuse('InvalidArgument', 'Rule ID must be unique. Found same ID for more than one rule')
  }
}

function checkRule(rule: Node, bucket: Bucket): void {
  const status = textOf(rule, 'Status')
  const hasAction = rule.children.some((child) => actions.includes(child.name))
  const unknown = rule.children.some((child) => !known.has(child.name))
  if ((status !== 'Enabled' && status !== 'Disabled') || unknown) throw refuse('MalformedXML')
  if (!hasAction) {
    throw refuse('InvalidRequest', 'At least one action needs to be specified in a rule.')
  }
  if ((textOf(rule, 'ID') ?? '').length > 255) {
    throw refuse('InvalidArgument', 'ID length should not exceed allowed limit of 255')
  }
  const scopes = [childOf(rule, 'Filter'), childOf(rule, 'Prefix')].filter((one) => one)
  if (scopes.length !== 1) throw refuse('MalformedXML')
  checkFilter(childOf(rule, 'Filter'))
  for (const action of rule.children) checkAction(action, rule, bucket)
}

/** One condition, or several inside an And. */
function checkFilter(filter: Node | undefined): void {
  if (!filter) return
  if (filter.children.length > 1) throw refuse('MalformedXML')
  const and = childOf(filter, 'And')
  if (and && and.children.length < 2) throw refuse('MalformedXML')
}

function checkAction(action: Node, rule: Node, bucket: Bucket): void {
  switch (action.name) {
    case 'Expiration':
      return checkExpiration(action)
    case 'Transition':
      if (textOf(action, 'Date') === undefined) requireDays(action, 'Days', 0)
      return checkClass(action, bucket)
    case 'NoncurrentVersionTransition':
      requireDays(action, 'NoncurrentDays', 0)
      return checkClass(action, bucket)
    case 'NoncurrentVersionExpiration':
      return requireDays(action, 'NoncurrentDays', 1)
    case 'AbortIncompleteMultipartUpload':
      requireDays(action, 'DaysAfterInitiation', 1)
      return refuseTagFilter(rule)
  }
}

function checkExpiration(action: Node): void {
  const kinds = ['Days', 'Date', 'ExpiredObjectDeleteMarker']
  const given = kinds.filter((name) => textOf(action, name) !== undefined)
  if (given.length !== 1) throw refuse('MalformedXML')
  if (given[0] === 'Days') requireDays(action, 'Days', 1)
  if (given[0] === 'Date' && !/T00:00:00(\.000)?Z$/.test(textOf(action, 'Date') ?? '')) {
    throw refuse('InvalidArgument', "'Date' must be at midnight GMT")
  }
}

function requireDays(action: Node, name: string, least: number): void {
  const days = Number(textOf(action, name))
  if (!Number.isInteger(days)) throw refuse('MalformedXML')
  if (days < least) {
    throw refuse(
      'InvalidArgument',
      `'${name}' for ${action.name} action must be a positive integer`,
    )
  }
}

function checkClass(action: Node, bucket: Bucket): void {
  const name = textOf(action, 'StorageClass') ?? ''
  const reachable = bucket.dialect.storageClasses.includes(name) && name !== 'STANDARD'
  if (!reachable || name === 'REDUCED_REDUNDANCY') throw refuse('MalformedXML')
}

function refuseTagFilter(rule: Node): void {
  const filter = childOf(rule, 'Filter')
  const within = filter && (childOf(filter, 'And') ?? filter)
  if (within && childOf(within, 'Tag')) {
    throw refuse('InvalidRequest', 'AbortIncompleteMultipartUpload cannot be specified with Tags.')
  }
}
