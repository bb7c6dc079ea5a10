// DeleteObjects: up to a thousand keys in one request, each with its own outcome.

import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import { Refusal, refuse } from './errors.ts'
import { receiveXml } from './receive.ts'
import type { Bucket } from './state.ts'
import { deleteOne } from './write-object.ts'
import type { Deletion } from './write-object.ts'
import { element, optional, s3Document } from './xml.ts'
import type { Xml } from './xml.ts'
import { childrenOf, readXml, requireText, textOf } from './xml-read.ts'

const maxKeys = 1000

export async function deleteObjects(call: Call, bucket: Bucket): Promise<Answer> {
  const request = readXml(await receiveXml(call, bucket.dialect, true), 'Delete')
  const quiet = textOf(request, 'Quiet') === 'true'
  const deletions = childrenOf(request, 'Object').map((object): Deletion => ({
    key: requireText(object, 'Key'),
    versionId: textOf(object, 'VersionId'),
    etag: textOf(object, 'ETag'),
  }))
  if (deletions.length === 0 || deletions.length > maxKeys) throw refuse('MalformedXML')
  const outcomes = deletions.map((deletion) => attempt(call, bucket, deletion, quiet))
  return xmlAnswer(s3Document('DeleteResult', outcomes.flat()))
}

function attempt(call: Call, bucket: Bucket, deletion: Deletion, quiet: boolean): Xml[] {
  const asked = [element('Key', deletion.key), optional('VersionId', deletion.versionId)]
  try {
    const removed = deleteOne(call, bucket, deletion)
    if (quiet) return []
    const marker = removed?.isMarker
      ? [element('DeleteMarker', true), element('DeleteMarkerVersionId', removed.versionId)]
      : []
    return [element('Deleted', asked, marker)]
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const problem = [element('Code', error.code), element('Message', error.message)]
    return [element('Error', asked, problem)]
  }
}
