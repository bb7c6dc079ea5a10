// The record of a copy in parts: of which content, in which pieces, under which upload. The parts at the
// destination are the progress; without the record nobody would know what they are parts of. What a listing of
// parts does not tell, their digests above all, is kept one small object a part, in its name: no key is written
// twice, so that any number of functions can copy one object, and one listing tells all.

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Digests } from '#shared/compare/digests.ts'
import { absentAlone } from '#shared/storage/errors.ts'
import { RESERVED_PREFIX } from '#shared/storage/keys.ts'
import { textOfStream } from '#shared/wire/whole-stream.ts'
import type { CopyJob } from './job.ts'
import { toKeyOf } from './job.ts'

export const COPIES_PREFIX = `${RESERVED_PREFIX}copies/`

/** The key of a record, after its folder. */
export const HEAD = 'copy'

export interface Unfinished {
  v: 1
  /** Of the source, so that versions never mix. */
  identity: string
  partBytes: number
  uploadId: string
  /** Begun under a condition, which some stores prepare for from the start. */
  conditional: boolean
  /** The provider reads the parts by itself. */
  pulled: boolean
  /** For whoever clears away what nobody ended. */
  toKey: string
}

export interface KnownPart {
  etag: string
  digests: Digests
}

export interface UnfinishedRecord {
  read(): Promise<Unfinished | undefined>
  begin(state: Unfinished): Promise<void>
  parts(uploadId: string): Promise<Map<number, KnownPart>>
  addPart(uploadId: string, partNumber: number, part: KnownPart): Promise<void>
  remove(): Promise<void>
}

export function unfinishedRecord(job: CopyJob): UnfinishedRecord {
  const { from, to, key } = job
  const store = to.reserved()
  const source = [from.home ?? from.row.id, from.bucket, from.prefix, key]
  const folder = `${COPIES_PREFIX}${digestOf(JSON.stringify([...source, toKeyOf(job)]))}/`
  const head = folder + HEAD
  const partsOf = (uploadId: string) => `${folder}${digestOf(uploadId)}/`
  let hasParts = false
  return {
    async read() {
      const found = await store.get(head).catch(absentAlone)
      return found && parse(await textOfStream(found.body))
    },
    async begin(state) {
      await store.put(head, JSON.stringify(state), { contentType: 'application/json' })
    },
    async parts(uploadId) {
      hasParts = true
      const prefix = partsOf(uploadId)
      const known = new Map<number, KnownPart>()
      for await (const object of store.listAll({ prefix })) {
        const [number, part] = readName(object.key.slice(prefix.length))
        if (part) known.set(number, part)
      }
      return known
    },
    async addPart(uploadId, partNumber, part) {
      hasParts = true
      await store.put(partsOf(uploadId) + writeName(partNumber, part), '')
    },
    async remove() {
      const keys: string[] = []
      if (hasParts)
        for await (const object of store.listAll({ prefix: folder })) keys.push(object.key)
      await store.delete([...keys.filter((one) => one !== head), head])
    },
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function writeName(partNumber: number, { etag, digests }: KnownPart): string {
  const text = Buffer.from(JSON.stringify([etag, digests])).toString('base64url')
  return `${String(partNumber).padStart(5, '0')}.${text}`
}

function readName(name: string): [number, KnownPart | undefined] {
  const [number, text = ''] = name.split('.')
  const read = parseJson(Buffer.from(text, 'base64url').toString())
  if (!Array.isArray(read)) return [Number(number), undefined]
  const [etag, digests] = read as [string, Digests]
  return [Number(number), { etag, digests }]
}

/** What cannot be read is no record: the copy begins anew. */
export function parse(text: string): Unfinished | undefined {
  const state = parseJson(text) as Partial<Unfinished> | undefined
  const whole = typeof state?.identity === 'string' && typeof state.uploadId === 'string'
  return whole && state.v === 1 ? (state as Unfinished) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
