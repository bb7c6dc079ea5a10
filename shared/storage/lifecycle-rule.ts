// Lifecycle rules as the configuration asks for them, one action each, under names of their own, and how they
// get along with the rules that are there: where somebody else's rule does exactly the same, nothing is
// added; where it does the same to some of the same objects in another way, ours is refused and theirs named.

import type { Capabilities } from './capabilities.ts'
import { StorageError } from './errors.ts'
import { checkKey } from './keys.ts'
import type { Setup } from './schema.ts'
import type { RuleNames } from './setup-names.ts'
import { isAdvised, shortDigest } from './setup-names.ts'
import type { Named, RuleBook, SetupStep } from './setup-step.ts'
import { callRule, fit, refused, rulesStep } from './setup-step.ts'

export type LifecycleAction = Capabilities['setup']['lifecycle'][number]

export interface LifecycleRule {
  name: string
  action: LifecycleAction
  /** The store's own included; empty for the whole bucket. */
  prefix: string
  afterDays: number
  /** Of a transition. */
  storageClass?: string | undefined
  /** Of a transition: only what is in this class. Google can tell; S3 moves whatever is in a warmer one. */
  leaves?: string | undefined
}

export function lifecycleRules(
  { abortMultipartAfterDays, expireNoncurrentAfterDays, expire, transitions }: Lifecycle,
  names: RuleNames,
  store: string,
): LifecycleRule[] {
  const { prefix } = names
  const whole = (what: string, action: LifecycleAction, afterDays: number | undefined) =>
    afterDays === undefined ? [] : [{ name: names.of(what), action, prefix, afterDays }]
  const rules: LifecycleRule[] = [
    ...whole('abort-multipart', 'abort-multipart', abortMultipartAfterDays),
    ...whole('noncurrent', 'noncurrent', expireNoncurrentAfterDays),
    ...(expire ?? []).map((one) => ({
      name: names.of(`expire-${shortDigest(one.prefix)}`),
      action: 'expire' as const,
      prefix: prefix + one.prefix,
      afterDays: one.afterDays,
    })),
    ...(transitions ?? []).map(({ prefix: under = '', afterDays, storageClass }) => ({
      name: names.of(`transition-${shortDigest(`${storageClass}/${under}`)}`),
      action: 'transition' as const,
      prefix: prefix + under,
      afterDays,
      storageClass,
    })),
  ]
  for (const rule of rules) checkRule(rule, rules, store)
  return rules
}

type Lifecycle = NonNullable<Setup['lifecycle']>

function checkRule(rule: LifecycleRule, all: readonly LifecycleRule[], store: string): void {
  if (rule.prefix !== '') checkKey(rule.prefix, store, undefined, true)
  if (all.filter(({ name }) => name === rule.name).length === 1) return
  const message = `The setup of ${store} asks twice for what ${sayRule(rule)}; keep one.`
  throw new StorageError('invalid', message, { store })
}

/** What somebody else's rule does already to the objects under some prefixes. */
export interface Claim {
  action: LifecycleAction
  prefixes: readonly string[]
  afterDays?: number | undefined
  storageClass?: string | undefined
  /** To all objects there, under no further condition. */
  plain: boolean
}

export interface LifecycleBook<R, Tag> extends RuleBook<R, Tag> {
  encode(rule: LifecycleRule): R
  /** None for a rule that is switched off. */
  claims(rule: R): Claim[]
}

export async function planLifecycle<R, Tag>(
  book: LifecycleBook<R, Tag>,
  names: RuleNames,
  rules: readonly LifecycleRule[],
): Promise<SetupStep[]> {
  const { value: present } = await book.read()
  const claims = claimsIn(book, present, (name) => !names.own(name))
  const met = rules.map((rule) => ({ rule, ...meet(rule, claims) }))
  const overlapping = met.filter(({ overlap }) => overlap !== undefined)
  // What is refused stays as it is, an earlier rule of ours included.
  const left = new Set(overlapping.map(({ rule }) => rule.name))
  const wanted = met.filter((one) => !one.seenTo && !one.overlap).map(({ rule }) => rule)
  const step = rulesStep(
    'lifecycle',
    book,
    present,
    (name) => names.own(name) && !left.has(name ?? ''),
    wanted.map((rule) => ({ name: rule.name, rule: book.encode(rule) })),
  )
  const refusals = overlapping.map(({ rule, overlap }) =>
    refused('lifecycle', overlapReason(book.store, rule, overlap!)),
  )
  const advised = adviceIn(book, present)
  if (step.state !== 'fit') return [...refusals, { ...step, reason: advised[0] && list(advised) }]
  const seenTo = met.flatMap(({ rule, seenTo: by }) =>
    by ? [`already ${by} ${sayRule(rule)}`] : [],
  )
  const says = [...seenTo, ...advised]
  return overlapping.length === rules.length && rules.length > 0
    ? refusals
    : [...refusals, fit('lifecycle', says[0] && list(says))]
}

function list(says: readonly string[]): string {
  return says.join('; ')
}

/** What `skein cost apply` has written is shown, and left where it is. */
function adviceIn<R, Tag>(book: LifecycleBook<R, Tag>, present: readonly Named<R>[]): string[] {
  return claimsIn(book, present, isAdvised).map(
    ({ called, prefixes: [prefix = ''], afterDays = 0, ...claim }) =>
      `by advice, and left, ${called} ${sayRule({ ...claim, prefix, afterDays })}`,
  )
}

export type CalledClaim = Claim & { called: string; isAdvised: boolean }

/** Of the rules whose names are meant. */
export function claimsIn<R, Tag>(
  { claims }: Pick<LifecycleBook<R, Tag>, 'claims'>,
  present: readonly Named<R>[],
  meant: (name: string | undefined) => boolean,
): CalledClaim[] {
  return present.flatMap((one, index) => {
    if (!meant(one.name)) return []
    const called = callRule(one, index)
    return claims(one.rule).map((claim) => ({ ...claim, called, isAdvised: isAdvised(one.name) }))
  })
}

/** Which of the claims does the same already; else which does it in another way to some of the same objects. */
export function meet(
  rule: LifecycleRule,
  claims: readonly CalledClaim[],
): { seenTo?: string | undefined; overlap?: CalledClaim | undefined } {
  const same = claims.find((claim) => isSame(rule, claim))
  if (same) return { seenTo: same.called }
  return { overlap: claims.find((claim) => overlaps(rule, claim)) }
}

function isSame(rule: LifecycleRule, claim: Claim): boolean {
  return (
    claim.plain &&
    claim.action === rule.action &&
    claim.afterDays === rule.afterDays &&
    claim.storageClass === rule.storageClass &&
    claim.prefixes.includes(rule.prefix)
  )
}

function overlaps({ action, prefix }: LifecycleRule, claim: Claim): boolean {
  const meets = (other: string) => prefix.startsWith(other) || other.startsWith(prefix)
  return claim.action === action && claim.prefixes.some(meets)
}

function overlapReason(
  store: string,
  rule: LifecycleRule,
  { called, ...claim }: CalledClaim,
): string {
  const way = claim.isAdvised
    ? 'undo the job of skein cost apply that wrote it'
    : 'change or remove that rule'
  return `The lifecycle ${called} of ${store} overlaps with what ${sayRule(rule)}; ${way}, or leave this out of the store's setup.`
}

const VERBS: Record<LifecycleAction, string> = {
  'abort-multipart': 'aborts unfinished uploads',
  noncurrent: 'deletes old versions',
  expire: 'deletes objects',
  transition: 'moves objects',
}

/** The rest of a sentence whose subject is a rule. */
export function sayRule({
  action,
  prefix,
  afterDays,
  storageClass,
}: Omit<LifecycleRule, 'name'>): string {
  const where = prefix === '' ? '' : ` under ${JSON.stringify(prefix)}`
  const whither = storageClass === undefined ? '' : ` to ${storageClass}`
  return `${VERBS[action]}${where}${whither} after ${afterDays} days`
}
