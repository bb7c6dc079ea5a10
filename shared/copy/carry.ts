// What travels with an object beside its bytes, and what of it the destination cannot hold. Nothing is lost in
// silence: each loss has its name and reason.

import type { ContentHeaders, ObjectInfo, ObjectProperties } from '#shared/storage/contract.ts'
import { utf8Length } from '#shared/storage/keys.ts'
import { encodeMetadataValue } from '#shared/storage/metadata.ts'
import type { Store } from '#shared/storage/store.ts'
import type { CopyJob, Loss } from './job.ts'
import { tagsOf } from './tags.ts'
import { propertiesOf } from './within.ts'

export interface Carried {
  properties: ObjectProperties
  losses: Loss[]
}

/** Skein's own metadata: made anew for the copy, never carried along. */
const OWN = /^skein_/
const PORTABLE = /^[a-z_][a-z0-9_]*$/

export async function carry(job: CopyJob, source: ObjectInfo): Promise<Carried> {
  const { to } = job
  const losses: Loss[] = []
  const headers = fitHeaders(propertiesOf(source), losses)
  const metadata = fitMetadata(source.metadata, to, job.own?.(source) ?? {}, losses)
  const tags = await tagsOf(job, source, losses)
  const storageClass = job.storageClass
  return { properties: { ...headers, metadata, tags, storageClass }, losses }
}

/** What a copy there would have beside its bytes, tags aside. */
export function fittingProperties(
  source: ObjectInfo,
  to: Store,
  own: Readonly<Record<string, string>>,
): ContentHeaders & { metadata: Record<string, string> } {
  const headers = fitHeaders(propertiesOf(source), [])
  return { ...headers, metadata: fitMetadata(source.metadata, to, own, []) }
}

// eslint-disable-next-line no-control-regex
const HEADER_VALUE = /^[\x20-\x7e]*$/
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/

/** Google takes any text for these; where they are headers, only ASCII travels. */
function fitHeaders(properties: ContentHeaders, losses: Loss[]): ContentHeaders {
  const fitting: ContentHeaders = {}
  for (const what of CONTENT_HEADERS) {
    const value = properties[what]
    if (value === undefined || HEADER_VALUE.test(value)) fitting[what] = value
    else losses.push({ what, reason: 'a header holds printable ASCII only' })
  }
  return fitting
}

const CONTENT_HEADERS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
] as const

/** What is Skein's goes in first: without it the copy would be a stranger's. */
function fitMetadata(
  metadata: Readonly<Record<string, string>>,
  to: Store,
  own: Readonly<Record<string, string>>,
  losses: Loss[],
): Record<string, string> {
  const { maxBytes, maxPairs } = to.capabilities.metadata
  const fitting: Record<string, string> = { ...own }
  let bytes = Object.entries(own).reduce((sum, [name, value]) => sum + cost(name, value), 0)
  let pairs = Object.keys(own).length
  for (const [name, value] of Object.entries(metadata)) {
    if (OWN.test(name)) continue
    const fits = bytes + cost(name, value) <= maxBytes && pairs + 1 <= maxPairs
    const reason = PORTABLE.test(name)
      ? CONTROL.test(value) || !value.isWellFormed()
        ? 'its value holds what no header can'
        : fits
          ? undefined
          : `${to.name} holds ${maxBytes} bytes of metadata in ${maxPairs} pairs`
      : 'its name is not one that every store can hold'
    if (reason !== undefined) {
      losses.push({ what: `metadata.${name}`, reason })
      continue
    }
    fitting[name] = value
    bytes += cost(name, value)
    pairs += 1
  }
  return fitting
}

function cost(name: string, value: string): number {
  return name.length + utf8Length(encodeMetadataValue(value))
}
