// The whole configuration, joined from the modules that give its parts meaning. A key that nobody reads is
// an error: a misspelt setting must never be a setting ignored.

import { jsonSchema as toJsonSchema } from '#shared/shape/json-schema.ts'
import * as z from '#shared/shape/shape.ts'
import { access } from '#shared/access/rules.ts'
import { replication } from '#shared/replication/rules.ts'
import { hook } from '#shared/events/rules.ts'
import { integrity } from '#shared/integrity/rules.ts'
import { duration, retry, store, timeouts, transfer } from '#shared/storage/schema.ts'
import { cost } from '#shared/cost/rules.ts'
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
  replication: z.optional(replication),
  integrity: z.optional(integrity),
  cost: z.optional(cost),
})

const text = z.string().check(z.minLength(1))

const server = z.strictObject({
  host: z.optional(text),
  port: z.optional(z.int().check(z.minimum(0), z.maximum(65_535))),
  /** Where clients reach the API, when it cannot be told from their requests. */
  publicUrl: z.optional(z.url()),
})

/** As browsers send them: in lower case, without a path, and without the port that goes without saying. */
const ORIGIN =
  /^(?!https:.*:443$|http:.*:80$)(\*|[a-z][a-z0-9+.-]*:\/\/(\*\.)?([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?)$/
const ORIGIN_PROBLEM =
  'an origin as browsers send it, such as https://app.example.com or https://*.example.com'

/** Pages that may call the API. */
const cors = z.strictObject({
  origins: z.array(z.string().check(z.regex(ORIGIN, ORIGIN_PROBLEM))).check(z.minLength(1)),
  maxAge: z.optional(duration),
})

/** Too short a secret could be guessed. */
export const SECRET_PROBLEM = 'at least 32 characters, kept secret'
const secret = z.string().check(z.minLength(32, SECRET_PROBLEM))

export function isSecret(value: string): boolean {
  return z.safeParse(secret, value).success
}

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
  /** Who may tell of changes, by store. */
  hooks: z.optional(z.record(name, hook)),
  cors: z.optional(cors),
  /** What upload ids are sealed with: the first seals, the second still opens. */
  secrets: z.optional(z.array(secret).check(z.minLength(1), z.maxLength(2))),
  /** The store of Skein's own records; absent: each workspace's primary. */
  ledger: z.optional(name),
  /** Prices that stand in for the catalogue's: a file of them, or they themselves. */
  prices: z.optional(z.union([text, z.record(z.string(), z.unknown())])),
  /** `/metrics` takes a token with `operate` for everything; `open`: nothing, where only the scraper gets there. */
  metrics: z.optional(z.enum(['closed', 'open'])),
})

export type ConfigText = z.infer<typeof schema>

/** What editors complete from; published as skein.schema.json. */
export function jsonSchema(): Record<string, unknown> {
  return {
    title: 'Skein configuration',
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...toJsonSchema(schema),
  }
}
