// The tags of an object, as a document of their own.

import { element, elementsOf, textOf } from '#shared/wire/xml.ts'
import type { ReadOptions } from '../../contract.ts'
import { strangeAnswer } from '../refusals.ts'
import type { S3Bucket } from './bucket.ts'
import { checkedDocument } from './document.ts'

export async function getTags(
  { requests, settings }: S3Bucket,
  key: string,
  { version, signal }: ReadOptions,
): Promise<Record<string, string>> {
  const query = { tagging: '', versionId: version }
  const { xml } = await requests.xml({ method: 'GET', key, query, signal })
  if (textOf(xml, 'TagSet') === undefined) throw strangeAnswer(settings.name, key)
  const pairs = elementsOf(xml, 'Tag').map((tag) => [
    textOf(tag, 'Key') ?? '',
    textOf(tag, 'Value') ?? '',
  ])
  return Object.fromEntries(pairs) as Record<string, string>
}

export async function setTags(
  { requests }: S3Bucket,
  key: string,
  tags: Record<string, string>,
  { version, signal }: ReadOptions,
): Promise<void> {
  const query = { tagging: '', versionId: version }
  const pairs = Object.entries(tags).map(([name, value]) =>
    element('Tag', [element('Key', name), element('Value', value)]),
  )
  const sent = checkedDocument('Tagging', element('TagSet', pairs))
  await requests.headers({ method: 'PUT', key, query, ...sent, signal })
}
