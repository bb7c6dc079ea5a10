// What Uppy sends, read leniently: further fields may come with any of its versions. What we use is checked.

import * as z from '#shared/shape/shape.ts'
import { readJson } from './body.ts'
import { invalidBody, invalidQuery } from './invalid.ts'

const MAX_BODY_BYTES = 2 ** 20
const LONGEST_NAME = 4096
const TYPE = /^[\x21-\x7e][\x20-\x7e]{0,254}$/

export interface UppyFile {
  fileName: string
  contentType: string | undefined
  metadata: Record<string, unknown>
}

const fileName = z.string().check(z.minLength(1), z.maxLength(LONGEST_NAME))
const file = z.object({
  filename: fileName,
  type: z.optional(z.nullable(z.string())),
  metadata: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
})
const completion = z.object({
  parts: z.array(
    z.object({ PartNumber: z.int().check(z.positive()), ETag: z.string().check(z.minLength(1)) }),
  ),
})
const landing = z.object({ key: z.string().check(z.minLength(1)) })

/** A form's file is described in the query, its metadata as `metadata[name]`. */
export function readFormFile(query: Readonly<Record<string, string>>): UppyFile {
  const metadata: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query)) {
    const inner = /^metadata\[(.*)\]$/s.exec(name)?.[1]
    if (inner) metadata[inner] = value
  }
  const { filename, type } = query
  const parsed = z.safeParse(file, { filename, type, metadata })
  if (!parsed.success) throw invalidQuery(parsed.error.issues)
  return described(parsed.data)
}

export async function readFile(request: Request): Promise<UppyFile> {
  return described(await readBody(request, file))
}

export async function readCompletion(request: Request) {
  const { parts } = await readBody(request, completion)
  return parts.map(({ PartNumber, ETag }) => ({ partNumber: PartNumber, etag: ETag }))
}

/** The key that the form named. */
export async function readLanding(request: Request): Promise<string> {
  return (await readBody(request, landing)).key
}

/** A type that no header can carry is none. */
function described({ filename, type, metadata }: z.infer<typeof file>): UppyFile {
  const contentType = type && TYPE.test(type) ? type : undefined
  return { fileName: filename, contentType, metadata: metadata ?? {} }
}

async function readBody<T>(request: Request, schema: z.Shape<T>): Promise<T> {
  const parsed = z.safeParse(schema, await readJson(request, MAX_BODY_BYTES))
  if (parsed.success) return parsed.data
  throw invalidBody(parsed.error.issues)
}
