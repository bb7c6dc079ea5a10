// The rule that lets browsers use signed URLs, and how it gets along with the rules that are there. Every
// provider answers by the first rule that fits origin and method, so ours stands behind the user's own; one
// of theirs that would answer in its place, and show less, is an overlap and refused.

import type { Capabilities } from './capabilities.ts'
import type { Setup } from './schema.ts'
import { toSeconds } from './schema.ts'
import type { RuleNames } from './setup-names.ts'
import type { Named, RuleBook, SetupStep } from './setup-step.ts'
import { callRule, fit, refused, rulesStep } from './setup-step.ts'

export interface CorsRule {
  origins: readonly string[]
  methods: readonly string[]
  /** That a browser may send; one `*` stands for any text, here and in origins. */
  headers: readonly string[]
  /** That a page may read. */
  exposed: readonly string[]
  maxAgeSeconds: number
}

/** What the configuration says; which headers it takes is the provider's. */
export type CorsWish = Pick<CorsRule, 'origins' | 'methods' | 'maxAgeSeconds'>

const DEFAULT_MAX_AGE_SECONDS = 3600

const METHODS = {
  get: 'GET',
  head: 'HEAD',
  put: 'PUT',
  part: 'PUT',
  delete: 'DELETE',
  form: 'POST',
  resumable: 'POST',
} as const

export function corsWish(
  { origins, maxAge }: NonNullable<Setup['cors']>,
  { presign }: Capabilities,
): CorsWish {
  const methods = new Set((presign?.actions ?? []).map((action) => METHODS[action]))
  const maxAgeSeconds = maxAge === undefined ? DEFAULT_MAX_AGE_SECONDS : toSeconds(maxAge)
  return { origins, methods: [...methods], maxAgeSeconds: Math.ceil(maxAgeSeconds) }
}

/** The headers that describe content and conditions, and that every provider signs. */
export const CONTENT_HEADERS = [
  ...['content-type', 'content-md5', 'content-encoding', 'content-disposition'],
  ...['content-language', 'cache-control', 'if-match', 'if-none-match', 'range'],
] as const

export interface CorsBook<R, Tag> extends RuleBook<R, Tag> {
  decode(rule: R): CorsRule
  encode(rule: CorsRule, name: string): R
  maxRules: number
}

/** As the difference shows a rule: in the same words for every provider. */
export function describeCors({
  origins,
  methods,
  headers,
  exposed,
  maxAgeSeconds,
}: CorsRule): Record<string, unknown> {
  const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase())
  const same = lower(headers).join() === lower(exposed).join()
  return {
    origins,
    methods,
    headers: lower(headers),
    exposed: same ? undefined : lower(exposed),
    'max age': `${maxAgeSeconds} s`,
  }
}

export async function planCors<R, Tag>(
  book: CorsBook<R, Tag>,
  names: RuleNames,
  wish: CorsRule,
): Promise<SetupStep> {
  const name = names.of('cors')
  const { value: present } = await book.read()
  const answer = whoAnswers(book, names, present, wish)
  if (answer?.instead) return refused('cors', overlap(book.store, answer.called))
  const wanted = answer ? [] : [{ name, rule: book.encode(wish, name) }]
  const others = present.filter((one) => !names.own(one.name)).length
  if (others + wanted.length > book.maxRules) {
    return refused(
      'cors',
      `${book.store} has ${others} CORS rules of others and takes ${book.maxRules} in all; remove one.`,
    )
  }
  const step = rulesStep('cors', book, present, names.own, wanted)
  return answer && step.state === 'fit'
    ? fit('cors', `${answer.called} allows all of it already`)
    : step
}

/** Somebody else's rule that answers before ours would: with all that is wanted, or `instead` of it. */
function whoAnswers<R, Tag>(
  book: CorsBook<R, Tag>,
  names: RuleNames,
  present: readonly Named<R>[],
  wish: CorsRule,
): { called: string; instead: boolean } | undefined {
  for (const [index, one] of present.entries()) {
    if (names.own(one.name)) return undefined
    const rule = book.decode(one.rule)
    const called = callRule(one, index)
    if (covers(rule, wish)) return { called, instead: false }
    if (shadows(rule, wish)) return { called, instead: true }
  }
  return undefined
}

function overlap(store: string, called: string): string {
  return `The CORS ${called} of ${store} answers the same origins and methods first and exposes less than signed uploads need; widen it, narrow it or remove it.`
}

function covers(rule: CorsRule, wish: CorsRule): boolean {
  return (
    allFit(rule.origins, wish.origins) &&
    allFit(rule.methods, wish.methods) &&
    allFit(rule.headers, wish.headers) &&
    allFit(rule.exposed, wish.exposed)
  )
}

function shadows(rule: CorsRule, wish: CorsRule): boolean {
  const meet = (ours: string, theirs: string) => fits(theirs, ours) || fits(ours, theirs)
  return (
    wish.origins.some((origin) => rule.origins.some((theirs) => meet(origin, theirs))) &&
    wish.methods.some((method) => allFit(rule.methods, [method])) &&
    !allFit(rule.exposed, wish.exposed)
  )
}

function allFit(patterns: readonly string[], texts: readonly string[]): boolean {
  return texts.every((text) => patterns.some((pattern) => fits(pattern, text)))
}

/** One `*` stands for any text; what it is compared with may be a pattern itself. */
function fits(pattern: string, text: string): boolean {
  const [before = '', after] = pattern.toLowerCase().split('*')
  const lower = text.toLowerCase()
  if (after === undefined) return before === lower
  const long = lower.length >= before.length + after.length
  return long && lower.startsWith(before) && lower.endsWith(after)
}

/**
 * Where rules have no names, ours carries its own: as one more header that a browser may send and none
 * ever does. Nobody else writes it, so no rule of a user's is ever taken for ours.
 */
export function markOf(name: string): string {
  return `x-${name}`
}

export function readMark(headers: readonly string[]): string | undefined {
  return headers.find((header) => header.toLowerCase().startsWith('x-skein-'))?.slice(2)
}

export function withoutMark(headers: readonly string[]): string[] {
  return headers.filter((header) => !header.toLowerCase().startsWith('x-skein-'))
}
