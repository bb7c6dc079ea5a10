// The parts that an object was put together from, which S3 tells where they have digests of their own.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html

import { elementsOf, textOf } from '#shared/wire/xml.ts'
import type { ObjectPart, ReadOptions } from '../../contract.ts'
import type { S3Bucket } from './bucket.ts'
import { carriedByXml, toPartChecksum } from './digests.ts'

export async function objectParts(
  { requests }: S3Bucket,
  key: string,
  { version, signal }: ReadOptions,
): Promise<ObjectPart[]> {
  const parts: ObjectPart[] = []
  const query = { attributes: '', versionId: version }
  let marker: string | undefined
  do {
    const headers = {
      'x-amz-object-attributes': 'ObjectParts',
      ...(marker !== undefined && { 'x-amz-part-number-marker': marker }),
    }
    const { xml } = await requests.xml({ method: 'GET', key, query, headers, signal })
    parts.push(...elementsOf(xml, 'Part').map(toObjectPart))
    marker = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextPartNumberMarker') : undefined
  } while (marker !== undefined)
  return parts
}

function toObjectPart(xml: string): ObjectPart {
  return { size: Number(textOf(xml, 'Size') ?? 0), checksum: toPartChecksum(carriedByXml(xml)) }
}
