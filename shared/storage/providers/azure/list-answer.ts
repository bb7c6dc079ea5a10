// A page of a listing as Azure writes it.
// https://learn.microsoft.com/rest/api/storageservices/list-blobs#response-body

import { attributesOf, elementsOf, textOf } from '#shared/wire/xml.ts'

export interface BlobItem {
  name: string
  size: number
  etag: string
  lastModified: Date
  md5: string | undefined
  accessTier: string | undefined
  versionId: string | undefined
  isCurrentVersion: boolean
}

export interface BlobPage {
  blobs: BlobItem[]
  /** Names that were folded at the delimiter. */
  prefixes: string[]
  /** Where the next page begins; absent on the last one. */
  marker: string | undefined
}

/** Undefined for what is no such page, or not the whole of it. */
export function readPage(xml: string): BlobPage | undefined {
  if (!/<\/EnumerationResults\s*>\s*$/.test(xml)) return undefined
  return {
    blobs: elementsOf(xml, 'Blob').map(readItem),
    prefixes: elementsOf(xml, 'BlobPrefix').map(nameOf),
    marker: textOf(xml, 'NextMarker') || undefined,
  }
}

function readItem(blob: string): BlobItem {
  const [properties = ''] = elementsOf(blob, 'Properties')
  return {
    name: nameOf(blob),
    size: Number(textOf(properties, 'Content-Length') ?? 0),
    etag: textOf(properties, 'Etag') ?? '',
    lastModified: new Date(textOf(properties, 'Last-Modified') ?? 0),
    md5: textOf(properties, 'Content-MD5'),
    accessTier: textOf(properties, 'AccessTier'),
    versionId: textOf(blob, 'VersionId'),
    isCurrentVersion: textOf(blob, 'IsCurrentVersion') === 'true',
  }
}

/** What XML cannot hold is told percent-encoded, and that it is. */
function nameOf(element: string): string {
  const name = textOf(element, 'Name') ?? ''
  return /\bEncoded="true"/i.test(attributesOf(element, 'Name')) ? decodeURIComponent(name) : name
}
