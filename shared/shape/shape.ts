// Shapes of data that comes from outside: said once, checked by walking, printed as JSON Schema. Made of plain
// records, so that a hundred of them cost a cold start nothing; nothing is transformed, so what passes is the
// very value that came. The words are those of zod/mini, of which this is the part that is used here, and
// which is its oracle in the tests.

import { isGroup } from './group.ts'
import type { Issue, Literal, Origin } from './issue.ts'

export type Kind =
  | { kind: 'string' | 'number' | 'int' | 'boolean' | 'unknown' | 'undefined' }
  | { kind: 'values'; values: readonly Literal[] }
  | { kind: 'optional' | 'nullable'; inner: Shape }
  | { kind: 'array'; element: Shape }
  | { kind: 'tuple'; items: readonly Shape[] }
  | { kind: 'union'; options: readonly Shape[] }
  | { kind: 'record'; key: Shape; value: Shape }
  | { kind: 'object'; fields: Fields; strict: boolean }

export interface Check<T = never> {
  find(value: T): Issue | undefined
  /** As JSON Schema says it; absent where it has no word for it. */
  schema?: Readonly<Record<string, unknown>>
}

export type Fields = Readonly<Record<string, Shape>>

declare const TYPE: unique symbol
declare const OPTIONAL: unique symbol

export interface Shape<out T = unknown> {
  readonly is: Kind
  readonly checks: readonly Check[]
  /** The same, held to more. */
  check(...checks: Check<T>[]): this
  safeParse(value: unknown): Parsed<T>
  /** Throws what has not this shape. */
  parse(value: unknown): T
  readonly [TYPE]?: T
}

export interface OptionalShape<out T> extends Shape<T | undefined> {
  readonly [OPTIONAL]: true
}

export interface ObjectShape<F extends Fields = Fields> extends Shape<TypeOf<F>> {
  readonly shape: F
}

type Optional<F> = { [K in keyof F]: F[K] extends OptionalShape<unknown> ? K : never }[keyof F]
type Flat<T> = { [K in keyof T]: T[K] }
type TypeOf<F> = Flat<
  { [K in Exclude<keyof F, Optional<F>>]: Of<F[K]> } & {
    [K in Optional<F>]?: Of<F[K]>
  }
>

type Of<S> = S extends Shape<infer T> ? T : never
export type { Of as infer }

export type Parsed<T> =
  | { success: true; data: T; error?: undefined }
  | { success: false; data?: undefined; error: { issues: Issue[] } }

/** The type that a shape stands for is the compiler's alone. */
// eslint-disable-next-line typescript/no-unnecessary-type-parameters
function make<S extends Shape>(is: Kind, checks: readonly Check[] = [], more: object = {}): S {
  const shape: Shape & object = {
    ...more,
    is,
    checks,
    check: (...further) => make(is, [...checks, ...further], more),
    safeParse: (value) => safeParse(shape, value),
    parse: (value) => parse(shape, value),
  }
  return shape as S
}

export const string = (): Shape<string> => make({ kind: 'string' })
export const number = (): Shape<number> => make({ kind: 'number' })
export const int = (): Shape<number> => make({ kind: 'int' })
export const boolean = (): Shape<boolean> => make({ kind: 'boolean' })
export const unknown = (): Shape => make({ kind: 'unknown' })
const absent = (): Shape<undefined> => make({ kind: 'undefined' })
export { absent as undefined }

export const literal = <const V extends Literal>(value: V): Shape<V> =>
  make({ kind: 'values', values: [value] })
const oneOf = <const V extends Literal>(values: readonly V[]): Shape<V> =>
  make({ kind: 'values', values })
export { oneOf as enum }

export const optional = <T>(inner: Shape<T>): OptionalShape<T> => make({ kind: 'optional', inner })
export const nullable = <T>(inner: Shape<T>): Shape<T | null> => make({ kind: 'nullable', inner })
export const array = <T>(element: Shape<T>): Shape<T[]> => make({ kind: 'array', element })
export const tuple = <const I extends readonly Shape[]>(
  items: I,
): Shape<{ -readonly [K in keyof I]: Of<I[K]> }> => make({ kind: 'tuple', items })
export const union = <const O extends readonly Shape[]>(options: O): Shape<Of<O[number]>> =>
  make({ kind: 'union', options })
export const record = <K extends string, T>(key: Shape<K>, value: Shape<T>): Shape<Record<K, T>> =>
  make({ kind: 'record', key, value })
export const partialRecord = <K extends string, T>(
  key: Shape<K>,
  value: Shape<T>,
): Shape<Partial<Record<K, T>>> => make({ kind: 'record', key, value })

/** A field that is not named is an error. */
export const strictObject = <const F extends Fields>(fields: F): ObjectShape<F> =>
  make({ kind: 'object', fields, strict: true }, [], { shape: fields })
/** Further fields are let be. */
export const object = <const F extends Fields>(fields: F): ObjectShape<F> =>
  make({ kind: 'object', fields, strict: false }, [], { shape: fields })

/** With a message of its own it is told as a format. */
export const minLength = (
  minimum: number,
  message?: string,
): Check<string | readonly unknown[]> => ({
  find: (value: string | readonly unknown[]) =>
    value.length < minimum && message !== undefined
      ? { path: [], code: 'invalid_format', message }
      : value.length < minimum
        ? { path: [], code: 'too_small', origin: originOf(value), minimum, inclusive: true }
        : undefined,
  schema: { min: minimum },
})
export const maxLength = (maximum: number): Check<string | readonly unknown[]> => ({
  find: (value: string | readonly unknown[]) =>
    value.length > maximum
      ? { path: [], code: 'too_big', origin: originOf(value), maximum }
      : undefined,
  schema: { max: maximum },
})
export const regex = (pattern: RegExp, message = `of the form ${pattern}`): Check<string> => ({
  find: (value: string) =>
    pattern.test(value) ? undefined : { path: [], code: 'invalid_format', message },
  schema: { pattern: pattern.source },
})
export const minimum = (least: number): Check<number> => atLeast(least, true)
export const maximum = (most: number): Check<number> => ({
  find: (value: number) =>
    value > most ? { path: [], code: 'too_big', origin: 'number', maximum: most } : undefined,
  schema: { maximum: most },
})
export const nonnegative = (): Check<number> => atLeast(0, true)
export const positive = (): Check<number> => atLeast(0, false)
export const refine = <T>(
  holds: (value: T) => boolean,
  told: string | { message: string; path?: PropertyKey[] },
): Check<T> => {
  const { message, path = [] } = typeof told === 'string' ? { message: told } : told
  return { find: (value: T) => (holds(value) ? undefined : { path, code: 'custom', message }) }
}

function atLeast(least: number, inclusive: boolean): Check<number> {
  const issue = (): Issue => {
    return { path: [], code: 'too_small', origin: 'number', minimum: least, inclusive }
  }
  return {
    find: (value: number) => ((inclusive ? value >= least : value > least) ? undefined : issue()),
    schema: inclusive ? { minimum: least } : { exclusiveMinimum: least },
  }
}

function originOf(value: string | readonly unknown[]): Origin {
  return typeof value === 'string' ? 'string' : 'array'
}

const URL_CHECK: Check<string> = {
  find: (value: string) =>
    URL.canParse(value) ? undefined : { path: [], code: 'invalid_format', message: 'an address' },
  schema: { format: 'uri' },
}
export const url = (): Shape<string> => string().check(URL_CHECK)

const DAY = '(?:\\d{4})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])'
const CLOCK = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?'

function time(pattern: string, format: string, message: string): Shape<string> {
  const written = regex(new RegExp(`^${pattern}$`), message)
  const real: Check<string> = {
    find: (value: string) =>
      isDay(value.slice(0, 10)) ? undefined : { path: [], code: 'invalid_format', message },
  }
  return string().check({ ...written, schema: { format } }, real)
}

/** The 30th of February is read as a day in March. */
function isDay(day: string): boolean {
  const read = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(day)
}

export const iso = {
  date: (): Shape<string> => time(DAY, 'date', 'a day such as 2026-01-31'),
  datetime: ({ offset = false } = {}): Shape<string> =>
    time(
      `${DAY}T${CLOCK}(?:Z${offset ? '|[+-]\\d{2}:\\d{2}' : ''})`,
      'date-time',
      'a time such as 2026-01-31T12:00:00Z',
    ),
}

export function safeParse<T>(shape: Shape<T>, value: unknown): Parsed<T> {
  const issues = findIssues(shape, value)
  // Nothing is transformed: a value that has the shape is one of its type.
  if (issues === undefined) return { success: true, data: value as T }
  return { success: false, error: { issues } }
}

export function parse<T>(shape: Shape<T>, value: unknown): T {
  const parsed = safeParse(shape, value)
  if (parsed.success) return parsed.data
  throw new TypeError(
    `The value has not the shape that it must have: ${JSON.stringify(parsed.error.issues)}`,
  )
}

/** Undefined when all is well, which costs no memory. */
function findIssues(shape: Shape, value: unknown): Issue[] | undefined {
  const { is, checks } = shape
  const found = findInKind(is, value)
  if (found !== undefined || checks.length === 0) return found
  let issues: Issue[] | undefined
  for (const check of checks) {
    const issue = check.find(value as never)
    if (issue !== undefined) (issues ??= []).push(issue)
  }
  return issues
}

function findInKind(is: Kind, value: unknown): Issue[] | undefined {
  switch (is.kind) {
    case 'unknown':
      return undefined
    case 'string':
    case 'boolean':
    case 'undefined':
      return typeof value === is.kind ? undefined : wrongType(is.kind, value)
    case 'number':
      return Number.isFinite(value) ? undefined : wrongType('number', value)
    case 'int':
      if (Number.isSafeInteger(value)) return undefined
      return wrongType(Number.isFinite(value) ? 'int' : 'number', value)
    case 'values':
      if (is.values.includes(value as Literal)) return undefined
      return [{ path: [], code: 'invalid_value', values: is.values }]
    case 'optional':
      return value === undefined ? undefined : findIssues(is.inner, value)
    case 'nullable':
      return value === null ? undefined : findIssues(is.inner, value)
    case 'union':
      return findInUnion(is.options, value)
    default:
      return findInside(is, value)
  }
}

type Container = Extract<Kind, { kind: 'array' | 'tuple' | 'record' | 'object' }>

function findInside(is: Container, value: unknown): Issue[] | undefined {
  if (is.kind === 'array') {
    if (!Array.isArray(value)) return wrongType('array', value)
    return findInList(value.length, (i) => findIssues(is.element, value[i]))
  }
  if (is.kind === 'tuple') {
    const { items } = is
    if (!Array.isArray(value) || value.length > items.length) return wrongType('tuple', value)
    return findInList(items.length, (i) =>
      i < value.length ? findIssues(items[i]!, value[i]) : findAbsent(items[i]!),
    )
  }
  if (!isGroup(value)) return wrongType(is.kind, value)
  return is.kind === 'record' ? findInRecord(is, value) : findInObject(is, value)
}

function findInList(
  length: number,
  findAt: (index: number) => Issue[] | undefined,
): Issue[] | undefined {
  let issues: Issue[] | undefined
  for (let i = 0; i < length; i++) issues = under(i, findAt(i), issues)
  return issues
}

function findInRecord(
  { key, value: shape }: Extract<Kind, { kind: 'record' }>,
  value: Readonly<Record<string, unknown>>,
): Issue[] | undefined {
  let issues: Issue[] | undefined
  for (const name of Object.keys(value)) {
    const wrong = findIssues(key, name)
    if (wrong) (issues ??= []).push({ path: [name], code: 'invalid_key', issues: wrong })
    else issues = under(name, findIssues(shape, value[name]), issues)
  }
  return issues
}

function findInObject(
  { fields, strict }: Extract<Kind, { kind: 'object' }>,
  value: Readonly<Record<string, unknown>>,
): Issue[] | undefined {
  let issues: Issue[] | undefined
  for (const name in fields) {
    const field = fields[name]!
    // Most fields of a request are left out.
    if (value[name] === undefined && mayBeLeftOut(field)) continue
    const found = Object.hasOwn(value, name) ? findIssues(field, value[name]) : findAbsent(field)
    issues = under(name, found, issues)
  }
  if (!strict) return issues
  const keys = Object.keys(value).filter((name) => !Object.hasOwn(fields, name))
  if (keys.length > 0) (issues ??= []).push({ path: [], code: 'unrecognized_keys', keys })
  return issues
}

function mayBeLeftOut({ is, checks }: Shape): boolean {
  return is.kind === 'optional' && checks.length === 0
}

/** Anything at all is still something. */
function findAbsent(field: Shape): Issue[] | undefined {
  const issues = findIssues(field, undefined)
  return issues ?? (mayBeAbsent(field.is) ? undefined : wrongType('unknown', undefined))
}

function mayBeAbsent(is: Kind): boolean {
  if (is.kind === 'nullable') return mayBeAbsent(is.inner.is)
  if (is.kind === 'union') return is.options.some((option) => mayBeAbsent(option.is))
  return is.kind === 'optional' || is.kind === 'undefined'
}

function findInUnion(options: readonly Shape[], value: unknown): Issue[] | undefined {
  const errors: Issue[][] = []
  for (const option of options) {
    const issues = findIssues(option, value)
    if (issues === undefined) return undefined
    errors.push(issues)
  }
  return [{ path: [], code: 'invalid_union', errors }]
}

function under(
  step: PropertyKey,
  found: Issue[] | undefined,
  issues: Issue[] | undefined,
): Issue[] | undefined {
  if (found === undefined) return issues
  for (const issue of found) issue.path = [step, ...issue.path]
  return issues ? [...issues, ...found] : found
}

function wrongType(expected: string, input: unknown): Issue[] {
  return [{ path: [], code: 'invalid_type', expected, input }]
}
