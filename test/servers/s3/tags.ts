// Tags in a header and in XML, with S3's limits: ten to an object, keys of 128 and values of 256
// characters, no key twice.

import { refuse } from './errors.ts'
import type { Tag } from './state.ts'
import { element, s3Document } from './xml.ts'
import { childOf, childrenOf, readXml, requireText, textOf } from './xml-read.ts'

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

export function parseTagHeader(header: string): readonly Tag[] {
  const tags = [...new URLSearchParams(header)].map(([key, value]): Tag => [key, value])
  return requireTags(tags, 10)
}

export function parseTagXml(text: string, maxTags = 10): readonly Tag[] {
  const set = childOf(readXml(text, 'Tagging'), 'TagSet')
  if (!set) throw refuse('MalformedXML')
  const tags = childrenOf(set, 'Tag').map((tag): Tag => {
    return [requireText(tag, 'Key'), textOf(tag, 'Value') ?? '']
  })
  return requireTags(tags, maxTags)
}

function requireTags(tags: readonly Tag[], maxTags: number): readonly Tag[] {
  if (tags.length > maxTags) {
    throw refuse('InvalidTag', `Object tags cannot be greater than ${maxTags}`)
  }
  if (new Set(tags.map(([key]) => key)).size < tags.length) {
    throw refuse('InvalidTag', 'Cannot provide multiple Tags with the same key')
  }
  for (const [key, value] of tags) {
    if (key === '' || key.length > 128 || !allowed.test(key)) {
      throw refuse('InvalidTag', 'The TagKey you have provided is invalid')
    }
    if (value.length > 256 || !allowed.test(value)) {
      throw refuse('InvalidTag', 'The TagValue you have provided is invalid')
    }
  }
  return tags
}

export function tagsDocument(tags: readonly Tag[]): string {
  const set = tags.map(([key, value]) =>
    element('Tag', element('Key', key), element('Value', value)),
  )
  return s3Document('Tagging', element('TagSet', set))
}
