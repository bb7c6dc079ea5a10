// One description of each route, from which its requests are validated and the OpenAPI document is made: two
// stories could not be told apart. A handler finds everything checked, and answers with plain data.

import * as z from '#shared/shape/shape.ts'
import type { Principal, Scope } from '#shared/access/principal.ts'
import type { Platform } from '#shared/platform.ts'
import type { ErrorKind } from '#shared/storage/errors.ts'
import type { OpenWorkspace, Suite } from '#shared/suite.ts'
import { readJson } from './body.ts'
import { invalidBody } from './invalid.ts'
import { queryReader } from './query.ts'
import type { ResponseName } from './responses.ts'

export const PREFIX = '/v1/:workspace'
const MAX_BODY_BYTES = 2 ** 20

/** Who asks, where, and the request itself. */
export interface Caller {
  suite: Suite
  platform: Platform
  workspace: OpenWorkspace
  who: Principal
  /** The upload that the path names; empty where it names none. */
  id: string
  request: Request
  /** What its body says, once it has been read. */
  data?: unknown
}

export interface Call<Query, Body> extends Caller {
  query: Query
  body: Body
}

/** 200 with a body of this name, 204 with none, 307 to the address that the handler gives. */
export type Answer = { status: 200; body: ResponseName } | { status: 204 } | { status: 307 }

interface Facts {
  method: 'get' | 'post' | 'put' | 'delete'
  /** Below `/v1/:workspace`. */
  path: string
  /** All of them are needed. */
  scopes: readonly Scope[]
  summary: string
  answer: Answer
  /** What it may refuse with, besides what every route may. */
  refusals: readonly ErrorKind[]
  maxBodyBytes?: number
}

interface Description<Query, Body> extends Facts {
  query: z.Shape<Query> & { readonly shape: z.Fields }
  body: z.Shape<Body>
  handle: (call: Call<Query, Body>) => unknown
}

export interface Route extends Facts {
  query: z.Shape & { readonly shape: z.Fields }
  body: z.Shape
  /** Validates, then handles; what comes back is the answer's body, or where a 307 leads. */
  run(caller: Caller): Promise<unknown>
}

export const NO_QUERY = z.strictObject({})
export const NO_BODY = z.undefined()

export function route<Query, Body>(described: Description<Query, Body>): Route {
  const { body: schema, handle, maxBodyBytes = MAX_BODY_BYTES } = described
  const readQuery = queryReader(described.query)
  const hasBody: boolean = (schema as z.Shape) !== NO_BODY
  return {
    ...described,
    async run(caller) {
      const { suite, platform, workspace, who, id, request } = caller
      const query = readQuery(request.url)
      if (hasBody) caller.data = await readJson(request, maxBodyBytes)
      const parsed = z.safeParse(schema, caller.data)
      if (!parsed.success) throw invalidBody(parsed.error.issues)
      const { data: body } = parsed
      return await handle({ suite, platform, workspace, who, id, request, query, body })
    },
  }
}
