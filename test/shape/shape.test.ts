// Shapes against their oracle, zod/mini: the same words make the same judgement of the same values, and find
// the same faults at the same places. What is printed of them is judged by what it allows.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as oracle from 'zod/mini'
import { jsonSchema } from '#shared/shape/json-schema.ts'
import * as ours from '#shared/shape/shape.ts'
import { seeded } from '../seeds.ts'

/** One recipe, cooked by either. */
type Recipe =
  | { make: 'string'; min?: number | undefined; max?: number | undefined; word?: boolean }
  | { make: 'number' | 'int'; least?: number | undefined; most?: number | undefined }
  | { make: 'boolean' | 'unknown' }
  | { make: 'enum'; of: string[] }
  | { make: 'literal'; of: string | number | boolean }
  | { make: 'optional' | 'nullable' | 'array' | 'record'; of: Recipe }
  | { make: 'union' | 'tuple'; of: Recipe[] }
  | { make: 'object' | 'strictObject'; of: Record<string, Recipe> }

type Kitchen = typeof ours | typeof oracle

/** The two have the same words, and types of their own. */
function cook(z: Kitchen, recipe: Recipe): unknown {
  const words = z as unknown as Record<
    string,
    (...given: unknown[]) => { check(...c: unknown[]): unknown }
  >
  const checked = (made: { check(...c: unknown[]): unknown }, ...checks: unknown[]) =>
    checks.length > 0 ? made.check(...checks) : made
  switch (recipe.make) {
    case 'string':
      return checked(
        words['string']!(),
        ...(recipe.min === undefined ? [] : [words['minLength']!(recipe.min)]),
        ...(recipe.max === undefined ? [] : [words['maxLength']!(recipe.max)]),
        ...(recipe.word ? [words['regex']!(/^\w*$/, 'a word')] : []),
      )
    case 'number':
    case 'int':
      return checked(
        words[recipe.make]!(),
        ...(recipe.least === undefined ? [] : [words['minimum']!(recipe.least)]),
        ...(recipe.most === undefined ? [] : [words['maximum']!(recipe.most)]),
      )
    case 'boolean':
    case 'unknown':
      return words[recipe.make]!()
    case 'enum':
    case 'literal':
      return words[recipe.make]!(recipe.of)
    case 'optional':
    case 'nullable':
    case 'array':
      return words[recipe.make]!(cook(z, recipe.of))
    case 'record':
      return words['record']!(words['string']!(), cook(z, recipe.of))
    case 'union':
    case 'tuple':
      return words[recipe.make]!(recipe.of.map((one) => cook(z, one)))
    default: {
      const fields = Object.entries(recipe.of).map(([name, one]) => [name, cook(z, one)])
      return words[recipe.make]!(Object.fromEntries(fields))
    }
  }
}

const NAMES = ['a', 'b', 'size', 'x-y']
const { recipe } = fc.letrec<{ recipe: Recipe }>((tie) => ({
  recipe: fc.oneof(
    { maxDepth: 4 },
    fc.record({
      make: fc.constant('string' as const),
      min: fc.option(fc.nat(3), { nil: undefined }),
      max: fc.option(fc.integer({ min: 2, max: 5 }), { nil: undefined }),
      word: fc.boolean(),
    }),
    fc.record({
      make: fc.constantFrom('number' as const, 'int' as const),
      least: fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }),
      most: fc.option(fc.integer({ min: 2, max: 9 }), { nil: undefined }),
    }),
    fc.record({ make: fc.constantFrom('boolean' as const, 'unknown' as const) }),
    fc.record({ make: fc.constant('enum' as const), of: fc.constant<string[]>(['a', 'b']) }),
    fc.record({ make: fc.constant('literal' as const), of: fc.constantFrom('a', 1, true) }),
    fc.record({
      make: fc.constantFrom('optional', 'nullable', 'array', 'record') as fc.Arbitrary<'array'>,
      of: tie('recipe'),
    }),
    fc.record({
      make: fc.constantFrom('union', 'tuple') as fc.Arbitrary<'union'>,
      of: fc.array(tie('recipe'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      make: fc.constantFrom('object', 'strictObject') as fc.Arbitrary<'object'>,
      of: fc.dictionary(fc.constantFrom(...NAMES), tie('recipe'), { maxKeys: 3 }),
    }),
  ),
}))

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('', 'a', 'b', 'a-b', 'long enough', 0, 1, 2.5, -7, 1e300, true, false, null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 3 }),
  ),
}))

interface Found {
  code: string
  path: PropertyKey[]
}

/** Numbers beyond what is safe are `too_big` there and no whole number here. */
function faults(issues: readonly Found[]): string[] {
  const told = issues.map(({ code, path }) => {
    return `${path.join('/')}: ${code === 'too_big' ? 'invalid_type' : code}`
  })
  // What is of another type is looked at no further here.
  const strangers = told.filter((one) => one.endsWith(' invalid_type'))
  const further = (one: string) =>
    !strangers.includes(one.replace(/ \w+$/, ' invalid_type')) || strangers.includes(one)
  return [...new Set(told.filter(further))].toSorted()
}

test('judges as its oracle does, and finds the same faults', () => {
  fc.assert(
    fc.property(recipe, value, (made, given) => {
      const mine = ours.safeParse(cook(ours, made) as ours.Shape, given)
      const theirs = oracle.safeParse(cook(oracle, made) as oracle.ZodMiniType, given)
      expect(mine.success).toBe(theirs.success)
      // Of a list of another length, and of several forms, each tells in its own way.
      const alike = !/tuple|union/.test(JSON.stringify(made))
      const told = (issues: readonly Found[] = []) => (alike ? faults(issues) : [])
      expect(told(mine.error?.issues)).toEqual(told(theirs.error?.issues))
    }),
    seeded(),
  )
})

describe('what passes', () => {
  test('is the very value that came', () => {
    const shape = ours.strictObject({ a: ours.optional(ours.string()) })
    const given = { a: 'x' }
    expect(ours.parse(shape, given)).toBe(given)
  })

  test('is not a field of the prototype', () => {
    const shape = ours.object({ toString: ours.string() })
    expect(ours.safeParse(shape, {}).success).toBe(false)
    const strict = ours.strictObject({})
    const polluted: unknown = JSON.parse('{"__proto__": {"a": 1}}')
    expect(ours.safeParse(strict, polluted).success).toBe(false)
  })

  test.each([
    ['2026-01-31T12:00:00Z', true],
    ['2026-02-30T12:00:00Z', false],
    ['2026-01-31T25:00:00Z', false],
    ['2026-01-31 12:00', false],
  ])('%s as a time: %s', (text, fits) => {
    expect(ours.safeParse(ours.iso.datetime(), text).success).toBe(fits)
    expect(oracle.safeParse(oracle.iso.datetime(), text).success).toBe(fits)
  })
})

test('a schema names what is needed and what is allowed', () => {
  const inner = ours.strictObject({ n: ours.int().check(ours.positive(), ours.maximum(9)) })
  const shape = ours.strictObject({
    a: ours.array(inner).check(ours.minLength(1)),
    b: ours.optional(ours.record(ours.string(), ours.union([ours.literal('x'), ours.boolean()]))),
  })
  expect(jsonSchema(shape, new Map([[inner, '#/inner']]))).toEqual({
    type: 'object',
    properties: {
      a: { type: 'array', items: { $ref: '#/inner' }, minItems: 1 },
      b: {
        type: 'object',
        additionalProperties: { anyOf: [{ const: 'x' }, { type: 'boolean' }] },
      },
    },
    required: ['a'],
    additionalProperties: false,
  })
  expect(jsonSchema(inner)).toMatchObject({
    properties: { n: { type: 'integer', exclusiveMinimum: 0, maximum: 9 } },
  })
})
