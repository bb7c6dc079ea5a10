// The whole configuration, joined from the modules that give its parts meaning. A key that nobody reads is
// an error: a misspelt setting must never be a setting ignored.

import * as z from 'zod/mini'
import { access } from '#shared/access/rules.ts'
import { duration, retry, store, timeouts, transfer } from '#shared/storage/schema.ts'
import { uploads } from '#shared/uploads/rules.ts'
import { downloads } from '#shared/workspaces/download-rules.ts'

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const name = z
  .string()
  .check(z.regex(NAME, 'a name of lower-case letters, digits and inner hyphens'))

const workspace = z.strictObject({
  primary: name,
  replicas: z.optional(z.array(name)),
  uploads: z.optional(uploads),
  downloads: z.optional(downloads),
})

const text = z.string().check(z.minLength(1))

const server = z.strictObject({
  host: z.optional(text),
  port: z.optional(z.int().check(z.minimum(0), z.maximum(65_535))),
  /** Where clients reach the API, when it cannot be told from their requests. */
  publicUrl: z.optional(z.url()),
})

/** Pages that may call the API. */
const cors = z.strictObject({
  origins: z.array(text).check(z.minLength(1)),
  maxAge: z.optional(duration),
})

/** Too short a secret could be guessed. */
const secret = z.string().check(z.minLength(32, 'at least 32 characters, kept secret'))

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
  access: z.optional(access),
  cors: z.optional(cors),
  /** What upload ids are sealed with: the first seals, the second still opens. */
  secrets: z.optional(z.array(secret).check(z.minLength(1), z.maxLength(2))),
  /** The store of Skein's own records; absent: each workspace's primary. */
  ledger: z.optional(name),
  /** Prices that stand in for the catalogue's: a file of them, or they themselves. */
  prices: z.optional(z.union([text, z.record(z.string(), z.unknown())])),
})

export type ConfigText = z.infer<typeof schema>

/** What editors complete from; published as skein.schema.json. */
export function jsonSchema(): Record<string, unknown> {
  return {
    title: 'Skein configuration',
    ...(z.toJSONSchema(schema, { target: 'draft-2020-12' }) as Record<string, unknown>),
  }
}
