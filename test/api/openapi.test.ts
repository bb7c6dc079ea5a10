// The description itself: whole, and of every route. That the committed file is what is generated, the
// house's own test says.

import { expect, test } from 'vitest'
import { openApiDocument } from '#shared/api/openapi.ts'
import { ROUTES } from '#shared/api/routes/routes.ts'

type Json = Record<string, unknown>
const document = openApiDocument()

function* nodes(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return
  yield value as Json
  for (const inner of Object.values(value)) yield* nodes(inner)
}

function resolve(pointer: string): unknown {
  return pointer
    .slice(2)
    .split('/')
    .reduce<unknown>((at, step) => (at as Json | undefined)?.[step], document)
}

test('every reference leads somewhere', () => {
  const refs = [...nodes(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []))
  expect(refs.length).toBeGreaterThan(50)
  expect(refs.filter((ref) => resolve(ref) === undefined)).toEqual([])
})

test('every route is described, once, under a name of its own', () => {
  const operations = Object.values(document['paths'] as Json).flatMap((path) =>
    Object.values(path as Json),
  ) as { operationId: string; responses: Json }[]
  expect(operations).toHaveLength(ROUTES.length + 5)
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { responses } of operations) expect(Object.keys(responses).length).toBeGreaterThan(0)
})

test('what validates requests refuses unknown fields in the document as well', () => {
  const { UploadRequest } = (document['components'] as { schemas: Record<string, Json> }).schemas
  expect(UploadRequest).toMatchObject({ additionalProperties: false, required: ['key'] })
})
