// Lifecycle rules that advice on costs asks for, as `skein setup` writes its own: read, compared, shown, and read once
// more before they are written, on condition of that reading where the provider has one (Google; S3 has none).
// Everybody's rules stay as they are. Names begin with `skein-cost-`, or `skein-DIGEST-cost-` for a part of a bucket.

import type { Wire } from './compatibility.ts'
import { isStorageError } from './errors.ts'
import { checkKey } from './keys.ts'
import type { LifecycleBook, LifecycleRule } from './lifecycle-rule.ts'
import { claimsIn, meet, sayRule } from './lifecycle-rule.ts'
import type { Opening } from './opening.ts'
import { gcsSettings } from './providers/gcs/settings.ts'
import { s3Settings } from './providers/s3/settings.ts'
import { createAsk } from './setup-ask.ts'
import { isAdvised, ruleNames } from './setup-names.ts'
import type { Ask, Difference, Named } from './setup-step.ts'
import { rulesStep } from './setup-step.ts'
import type { Store } from './store.ts'

export interface AdvisedRule {
  /** What its name ends in; in one bucket, the same for the same rule alone. */
  id: string
  /** As the store's keys begin. */
  prefix: string
  afterDays: number
  leaves: string
  storageClass: string
}

/** `there`: a rule that does the same, whosever it is. */
export interface RuleStanding {
  id: string
  state: 'missing' | 'there' | 'refused'
  why?: string | undefined
}

export interface RulesPlan {
  standing: readonly RuleStanding[]
  difference: Difference
  /** Writes what is missing. Fails with `precondition` where somebody has changed the bucket's rules since. */
  apply: () => Promise<void>
}

export interface RulesRemoval {
  /** Those that are there as they were written. */
  removed: readonly string[]
  /** Those that somebody has changed since: they are his now. */
  changed: readonly string[]
  apply: () => Promise<void>
}

export interface AdvisedRules {
  plan(rules: readonly AdvisedRule[]): Promise<RulesPlan>
  planRemoval(rules: readonly AdvisedRule[]): Promise<RulesRemoval>
}

/** Loaded as drivers are, when they are asked for. */
const BOOKS: Partial<Record<Wire, (opening: Opening, ask: Ask) => Promise<AdvisedRules>>> = {
  async s3(opening, ask) {
    const { lifecycleBook } = await import('./providers/s3/setup-lifecycle.ts')
    return rulesIn(opening, lifecycleBook(s3Settings(opening), ask))
  },
  async gcs(opening, ask) {
    const [{ lifecycleBook }, { openBucketSettings }, { createTransport }] = await Promise.all([
      import('./providers/gcs/setup-lifecycle.ts'),
      import('./providers/gcs/setup-bucket.ts'),
      import('./providers/gcs/transport.ts'),
    ])
    const bucket = openBucketSettings(createTransport(gcsSettings(opening)), ask)
    return rulesIn(opening, lifecycleBook(bucket))
  },
}

export async function openAdvisedRules(
  { opening }: Store,
  signal?: AbortSignal,
): Promise<AdvisedRules> {
  const open = BOOKS[opening.address.row.wire]
  return open ? open(opening, createAsk(opening, signal)) : noRules(opening)
}

function noRules({ name, address }: Opening): AdvisedRules {
  const why =
    address.row.wire === 'azure'
      ? `The lifecycle policy of ${name} is the account's, under its administrator; a tier that is set costs the same.`
      : `${address.row.title} has no lifecycle rules that Skein can write.`
  return {
    plan: async (rules) => allRefused(rules, why),
    planRemoval: async () => ({ removed: [], changed: [], apply: async () => {} }),
  }
}

function allRefused(rules: readonly AdvisedRule[], why: string): RulesPlan {
  const standing = rules.map(({ id }): RuleStanding => ({ id, state: 'refused', why }))
  return { standing, difference: { removed: [], added: [] }, apply: async () => {} }
}

function rulesIn<R, Tag>(opening: Opening, book: LifecycleBook<R, Tag>): AdvisedRules {
  const { prefix } = opening.address
  const names = ruleNames(prefix, prefix)
  const named = ({ id, prefix: under, ...rest }: AdvisedRule): LifecycleRule => ({
    ...{ name: names.of(`cost-${id}`), action: 'transition', prefix: prefix + under, ...rest },
  })
  const saysSame = (one: Named<R>, rule: LifecycleRule): boolean =>
    JSON.stringify(book.describe(one.rule)) === JSON.stringify(book.describe(book.encode(rule)))

  async function plan(rules: readonly AdvisedRule[]): Promise<RulesPlan> {
    const { value: present } = await book.read()
    const claims = claimsIn(book, present, (name) => !isAdvised(name))
    const met = rules.map((rule) => {
      const asked = named(rule)
      const same = present.some((one) => saysSame(one, asked))
      return { rule, asked, standing: standingOf(opening, rule.id, asked, same, claims) }
    })
    const missing = met.filter(({ standing }) => standing.state === 'missing')
    const wanted = missing.map(({ asked }) => ({ name: asked.name, rule: book.encode(asked) }))
    const own = new Set<string | undefined>(wanted.map(({ name }) => name))
    const step = rulesStep('lifecycle', book, present, (name) => own.has(name), wanted)
    return {
      standing: met.map(({ standing }) => standing),
      difference: step.difference,
      apply: async () => step.apply?.(),
    }
  }

  return {
    async plan(rules) {
      try {
        return await plan(rules)
      } catch (error) {
        const only = isStorageError(error, 'denied') || isStorageError(error, 'unsupported')
        if (!only) throw error
        return allRefused(rules, error.message)
      }
    },
    async planRemoval(rules) {
      const { value: present } = await book.read()
      const found = rules.flatMap((rule) => {
        const asked = named(rule)
        const one = present.find(({ name }) => name === asked.name)
        return one ? [{ id: rule.id, name: one.name, isSame: saysSame(one, asked) }] : []
      })
      const still = found.filter(({ isSame }) => isSame)
      const own = new Set(still.map(({ name }) => name))
      const step = rulesStep('lifecycle', book, present, (name) => own.has(name), [])
      return {
        removed: still.map(({ id }) => id),
        changed: found.filter(({ isSame }) => !isSame).map(({ id }) => id),
        apply: async () => step.apply?.(),
      }
    },
  }
}

function standingOf(
  { name, capabilities, address }: Opening,
  id: string,
  asked: LifecycleRule,
  isThere: boolean,
  claims: ReturnType<typeof claimsIn>,
): RuleStanding {
  if (isThere) return { id, state: 'there' }
  const { setup, classes } = capabilities
  const { storageClass = '', prefix } = asked
  if (!setup.lifecycle.includes('transition') || !classes.includes(storageClass)) {
    const why = `${address.row.title} cannot have a rule that ${sayRule(asked)}.`
    return { id, state: 'refused', why }
  }
  if (prefix !== '') checkKey(prefix, name, undefined, true)
  const { seenTo, overlap } = meet(asked, claims)
  if (seenTo !== undefined) return { id, state: 'there' }
  if (!overlap) return { id, state: 'missing' }
  const why = `The lifecycle ${overlap.called} of ${name} overlaps with what ${sayRule(asked)}; change or remove that rule first.`
  return { id, state: 'refused', why }
}
