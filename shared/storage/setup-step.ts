// What making a bucket fit is made of: a step says how one part of it stands, shows what would change, and
// carries the change out when asked. A step only ever touches rules of its own name; before it writes it
// reads again, and refuses where somebody else has changed the bucket since the difference was shown.

import { StorageError } from './errors.ts'

export type SetupPart = 'cors' | 'encryption' | 'versioning' | 'lifecycle' | 'notifications'

/** `command`: only an administrator can, by these commands; `refused`: nobody can, or somebody's rule is in the way. */
export type SetupState = 'fit' | 'change' | 'command' | 'refused'

export interface Difference {
  removed: readonly string[]
  added: readonly string[]
}

export interface SetupStep {
  what: SetupPart
  state: SetupState
  difference: Difference
  reason?: string | undefined
  /** Lines for a shell, quoted. */
  commands?: readonly string[] | undefined
  /** There is one exactly where the state is `change`. */
  apply?: (() => Promise<void>) | undefined
}

/** One request to the provider, with the store's time limit and retries. */
export type Ask = <T>(
  operation: string,
  run: (signal: AbortSignal) => Promise<T>,
  conditional?: boolean,
) => Promise<T>

const NO_DIFFERENCE: Difference = { removed: [], added: [] }

export function fit(what: SetupPart, reason?: string): SetupStep {
  return { what, state: 'fit', difference: NO_DIFFERENCE, reason }
}

export function refused(what: SetupPart, reason: string): SetupStep {
  return { what, state: 'refused', difference: NO_DIFFERENCE, reason }
}

export function byCommand(what: SetupPart, commands: readonly string[], reason: string): SetupStep {
  return { what, state: 'command', difference: NO_DIFFERENCE, commands, reason }
}

/** What was read, and what proves on writing that it is still so. */
export interface Held<T, Tag> {
  value: T
  tag: Tag
}

export interface Document<T, Tag> {
  store: string
  read(): Promise<Held<T, Tag>>
  /** `since` is the reading of a moment ago. */
  write(next: T, since: Held<T, Tag>): Promise<void>
}

/** A change of a document as it was when the difference was shown. */
export function changeStep<T, Tag>(
  what: SetupPart,
  document: Document<T, Tag>,
  shown: T,
  next: T,
  difference: Difference,
): SetupStep {
  const apply = async () => {
    const since = await document.read()
    if (JSON.stringify(since.value) !== JSON.stringify(shown)) {
      throw changedSince(what, document.store)
    }
    await document.write(next, since)
  }
  return { what, state: 'change', difference, apply }
}

function changedSince(what: SetupPart, store: string): StorageError {
  const message = `The ${what} settings of ${store} were changed by somebody else since the difference was shown; look at it again.`
  return new StorageError('precondition', message, { store })
}

/** A rule and its name; somebody else's may have none. */
export interface Named<R> {
  name: string | undefined
  rule: R
}

export interface RuleBook<R, Tag> extends Document<readonly Named<R>[], Tag> {
  /** The rule's fields, as the difference shows them. */
  describe(rule: R): Record<string, unknown>
}

/** Replaces the rules that `owns` names by those wanted, each in its place, and leaves every other as it is. */
export function rulesStep<R, Tag>(
  what: SetupPart,
  book: RuleBook<R, Tag>,
  present: readonly Named<R>[],
  owns: (name: string | undefined) => boolean,
  wanted: readonly (Named<R> & { name: string })[],
): SetupStep {
  const own = present.filter(({ name }) => owns(name))
  const difference = compareLines(linesOf(book, own), linesOf(book, wanted))
  if (difference.removed.length + difference.added.length === 0) return fit(what)
  const left = new Map(wanted.map((one) => [one.name, one]))
  const kept = present.flatMap((one) => {
    if (!owns(one.name)) return [one]
    const replacement = left.get(one.name ?? '')
    left.delete(one.name ?? '')
    return replacement ? [replacement] : []
  })
  return changeStep(what, book, present, [...kept, ...left.values()], difference)
}

function linesOf<R, Tag>(book: RuleBook<R, Tag>, rules: readonly Named<R>[]): string[] {
  return rules.flatMap(({ name, rule }) => describeFields(name ?? '', book.describe(rule)))
}

/** A line for each field that is set. Lists are sorted: in no list here does the order mean anything. */
export function describeFields(name: string, fields: Record<string, unknown>): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${name} ${field}: ${describeValue(value)}`)
}

function describeValue(value: unknown): string {
  if (typeof value === 'string') return value
  const texts = Array.isArray(value) && value.every((one) => typeof one === 'string')
  return texts ? value.toSorted().join(', ') : JSON.stringify(value)
}

export function compareLines(present: readonly string[], wanted: readonly string[]): Difference {
  return {
    removed: present.filter((line) => !wanted.includes(line)),
    added: wanted.filter((line) => !present.includes(line)),
  }
}

/** How messages call a rule: by its name, or by its place. */
export function callRule({ name }: Named<unknown>, index: number): string {
  return name === undefined || name === '' ? `rule number ${index + 1}` : `rule "${name}"`
}

/** One word for a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

export function shellLine(...words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}
