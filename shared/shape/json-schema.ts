// Shapes as JSON Schema, for editors and for OpenAPI. Loaded by the generator and by tests alone.

import type { Check, Kind, Shape } from './shape.ts'

type Json = Record<string, unknown>

/** Shapes that stand elsewhere under a name, by the reference to them. */
export type References = ReadonlyMap<Shape, string>

export function jsonSchema(shape: Shape, references: References = new Map()): Json {
  const visit = (inner: Shape): Json => {
    const reference = references.get(inner)
    return reference === undefined ? describe(inner, visit) : { $ref: reference }
  }
  return describe(shape, visit)
}

function describe({ is, checks }: Shape, visit: (inner: Shape) => Json): Json {
  return Object.assign(kindSchema(is, visit), ...checks.map((check) => checkSchema(is, check)))
}

function kindSchema(is: Kind, visit: (inner: Shape) => Json): Json {
  switch (is.kind) {
    case 'unknown':
      return {}
    case 'undefined':
      return { not: {} }
    case 'int':
      return { type: 'integer' }
    case 'values':
      return is.values.length === 1 ? { const: is.values[0] } : { enum: is.values }
    case 'optional':
      return visit(is.inner)
    case 'nullable':
      return { anyOf: [visit(is.inner), { type: 'null' }] }
    case 'array':
      return { type: 'array', items: visit(is.element) }
    case 'tuple':
      return { type: 'array', prefixItems: is.items.map(visit), items: false }
    case 'union':
      return { anyOf: is.options.map(visit) }
    case 'record':
      return recordSchema(visit(is.key), visit(is.value))
    case 'object':
      return objectSchema(is, visit)
    default:
      return { type: is.kind }
  }
}

function recordSchema(key: Json, value: Json): Json {
  const plain = Object.keys(key).length === 1 && key['type'] === 'string'
  return { type: 'object', ...(!plain && { propertyNames: key }), additionalProperties: value }
}

function objectSchema(
  { fields, strict }: Extract<Kind, { kind: 'object' }>,
  visit: (inner: Shape) => Json,
): Json {
  const entries = Object.entries(fields)
  const required = entries.filter(([, { is }]) => is.kind !== 'optional').map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, field]) => [name, visit(field)])),
    ...(required.length > 0 && { required }),
    ...(strict && { additionalProperties: false }),
  }
}

/** The bounds of a length are named after what is long. */
function checkSchema({ kind }: Kind, { schema = {} }: Check): Json {
  const { min, max, ...same } = schema
  const [least, most] = kind === 'array' ? ['minItems', 'maxItems'] : ['minLength', 'maxLength']
  return {
    ...same,
    ...(min !== undefined && { [least]: min }),
    ...(max !== undefined && { [most]: max }),
  }
}
