// The whole configuration, joined from the modules that give its parts meaning. A key that nobody reads is
// an error: a misspelt setting must never be a setting ignored.

import * as z from 'zod/mini'
import { retry, store, timeouts, transfer } from '#shared/storage/schema.ts'

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const name = z
  .string()
  .check(z.regex(NAME, 'a name of lower-case letters, digits and inner hyphens'))

const workspace = z.strictObject({
  primary: name,
  replicas: z.optional(z.array(name)),
})

const server = z.strictObject({
  host: z.optional(z.string().check(z.minLength(1))),
  port: z.optional(z.int().check(z.minimum(0), z.maximum(65_535))),
})

export const schema = z.strictObject({
  /** Where editors find the published schema. */
  $schema: z.optional(z.string()),
  stores: z.record(name, store),
  workspaces: z.optional(z.record(name, workspace)),
  /** For every store that does not say otherwise. */
  defaults: z.optional(
    z.strictObject({
      transfer: z.optional(transfer),
      retry: z.optional(retry),
      timeouts: z.optional(timeouts),
    }),
  ),
  server: z.optional(server),
})

export type ConfigText = z.infer<typeof schema>

/** What editors complete from; published as skein.schema.json. */
export function jsonSchema(): Record<string, unknown> {
  return {
    title: 'Skein configuration',
    ...(z.toJSONSchema(schema, { target: 'draft-2020-12' }) as Record<string, unknown>),
  }
}
