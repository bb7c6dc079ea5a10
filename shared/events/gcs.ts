// Notifications of Google Cloud Storage: as Pub/Sub pushes them, wrapped or not, as it is pulled, and through
// Eventarc. The generation names what happened; a message's id does not, since one change may be several messages.
// https://cloud.google.com/storage/docs/pubsub-notifications

import type { EventType, Reading } from './event.ts'
import { ignored } from './event.ts'
import type { Fields } from './json.ts'
import { at, digitsAt, fieldsOf, parseBase64Json, sizeAt, textAt, timeAt } from './json.ts'

const TYPES: Readonly<Record<string, EventType>> = {
  OBJECT_FINALIZE: 'created',
  OBJECT_DELETE: 'deleted',
  // In a bucket with versions: the live one is one of the old ones now.
  OBJECT_ARCHIVE: 'deleted',
}

const EVENTARC = 'google.cloud.storage.object.v1.'
const EVENTARC_NAMES: Readonly<Record<string, string>> = {
  finalized: 'OBJECT_FINALIZE',
  deleted: 'OBJECT_DELETE',
  archived: 'OBJECT_ARCHIVE',
}

/** The headers of a request by name, lower case. */
export type HeaderOf = (name: string) => string | undefined

const NO_HEADERS: HeaderOf = () => undefined

interface Told {
  name: string
  attributes: Fields
  object: unknown
}

export function isGcs(payload: unknown): boolean {
  return (
    (textAt(payload, 'type')?.startsWith(EVENTARC) ?? false) ||
    fieldsOf(attributesOf(payload))?.['bucketId'] !== undefined
  )
}

export function readGcs(payload: unknown, header: HeaderOf = NO_HEADERS): Reading {
  const { name, attributes, object } = unwrap(payload, header)
  const bucket = textAt(attributes, 'bucketId') ?? textAt(object, 'bucket')
  const key = textAt(attributes, 'objectId') ?? textAt(object, 'name')
  if (bucket === undefined || key === undefined) return ignored('it names no bucket and object')
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined
  if (type === undefined)
    return ignored(`${name || 'no event'} changes no content`, { bucket, key })
  // An overwrite is a finalize too, which may have come already: of the two it is the one that counts.
  if (type === 'deleted' && textAt(attributes, 'overwrittenByGeneration') !== undefined) {
    return ignored('it was overwritten, which is told by itself', { bucket, key })
  }
  const generation = digitsAt(attributes, 'objectGeneration') ?? digitsAt(object, 'generation')
  const metageneration = digitsAt(object, 'metageneration')
  return {
    ...{ type, vendor: 'gcp', bucket, key, version: generation },
    etag: type === 'created' ? generation : undefined,
    size: type === 'created' ? sizeAt(object, 'size') : undefined,
    sequencer: generation && `${generation}.${metageneration ?? 1}`,
    at: timeAt(attributes, 'eventTime') ?? timeAt(object, 'updated'),
    id: `${bucket}/${key}#${generation ?? ''}:${name}`,
    source: textAt(object, 'metadata', 'skein_source'),
  }
}

function unwrap(payload: unknown, header: HeaderOf): Told {
  const structured = textAt(payload, 'type')
  if (structured?.startsWith(EVENTARC)) {
    const attributes = { eventTime: at(payload, 'time') }
    return { name: eventarcName(structured), attributes, object: at(payload, 'data') }
  }
  const binary = header('ce-type')
  if (binary?.startsWith(EVENTARC)) {
    return {
      name: eventarcName(binary),
      attributes: { eventTime: header('ce-time') },
      object: payload,
    }
  }
  const wrapped = fieldsOf(attributesOf(payload))
  if (wrapped) {
    const object = parseBase64Json(textAt(messageOf(payload), 'data') ?? '')
    return { name: textAt(wrapped, 'eventType') ?? '', attributes: wrapped, object }
  }
  const attributes = attributesOfHeaders(header)
  return { name: textAt(attributes, 'eventType') ?? '', attributes, object: payload }
}

function eventarcName(type: string): string {
  const last = type.slice(EVENTARC.length)
  return (Object.hasOwn(EVENTARC_NAMES, last) ? EVENTARC_NAMES[last] : undefined) ?? last
}

/** A push and a pull have it under `message`; a library may hand over the message itself. */
function messageOf(payload: unknown): unknown {
  return at(payload, 'message') ?? payload
}

function attributesOf(payload: unknown): unknown {
  return at(messageOf(payload), 'attributes')
}

/** What an unwrapped push has made headers of. */
const ATTRIBUTES = [
  ...['eventType', 'eventTime', 'bucketId', 'objectId', 'objectGeneration'],
  'overwrittenByGeneration',
]

function attributesOfHeaders(header: HeaderOf): Fields {
  return Object.fromEntries(ATTRIBUTES.map((name) => [name, header(name.toLowerCase())]))
}
