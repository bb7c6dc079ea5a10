// Each trap that the providers' notifications hold, sprung once.

import { describe, expect, it } from 'vitest'
import { readAws } from '#shared/events/aws.ts'
import { readAzure } from '#shared/events/azure.ts'
import { readB2 } from '#shared/events/b2.ts'
import type { Reading, StoreEvent } from '#shared/events/event.ts'
import { isEvent } from '#shared/events/event.ts'
import { readGcs } from '#shared/events/gcs.ts'
import { readR2 } from '#shared/events/r2.ts'
import { compareSequence } from '#shared/events/sequence.ts'
import { vectorOf } from './vectors.ts'

const payload = (file: string) => vectorOf(`events/${file}`)

function only(readings: readonly Reading[]): StoreEvent {
  expect(readings).toHaveLength(1)
  const [reading] = readings
  if (reading === undefined || !isEvent(reading)) throw new Error(JSON.stringify(reading))
  return reading
}

function s3Record(fields: object, object: object, eventSource = 'aws:s3') {
  const s3 = { bucket: { name: 'bucket' }, object: { key: 'a', ...object } }
  return { Records: [{ eventSource, eventName: 'ObjectCreated:Put', s3, ...fields }] }
}

describe('keys are decoded as each vendor encodes them', () => {
  it.each([
    ['a+b', 'a b'],
    ['a%2Bb', 'a+b'],
    ['100%25.txt', '100%.txt'],
    ['%C3%A9t%C3%A9', 'été'],
    ['%F0%9F%98%80', '😀'],
  ])('S3 writes %s for %s', (key, wanted) => {
    expect(only(readAws(s3Record({}, { key }), 'd')).key).toBe(wanted)
  })

  it('a key that S3 cannot have encoded is ignored, and holds up no other', () => {
    const { Records } = s3Record({}, { key: '100%.txt' })
    const both = { Records: [...Records, ...s3Record({}, { key: 'b' }).Records] }
    expect(readAws(both, 'd')).toMatchObject([{ type: 'ignore' }, { type: 'created', key: 'b' }])
  })

  it('Ceph and EventBridge write it as it is', () => {
    expect(only(readAws(s3Record({}, { key: 'a+b%20' }, 'ceph:s3'), 'd')).key).toBe('a+b%20')
    const bridged = readAws(payload('aws/eventbridge-created-raw-key.json'), 'd')
    expect(only(bridged).key).toBe('plus+test (2) 100%.jpg')
  })

  it("a key that Azure cannot hold is the store's own again", () => {
    const [event] = payload('azure/eventgrid-created.json') as { subject: string }[]
    const subject = '/blobServices/default/containers/c/blobs/dir/back\u201b005Cslash'
    expect(only(readAzure([{ ...event, subject }])).key).toBe('dir/back\\slash')
  })
})

describe('Amazon', () => {
  it('orders by number: both widths, either case', () => {
    const of = (sequencer: string) => only(readAws(s3Record({}, { sequencer }), 'd'))
    const [narrow, wide] = [of('617f08299329d189'), of('00617F08299329D18A')]
    expect(compareSequence(narrow, wide)).toBeLessThan(0)
    expect(compareSequence(wide, narrow)).toBeGreaterThan(0)
    expect(compareSequence(narrow, of('00617F08299329D189'))).toBe(0)
    expect(compareSequence(narrow, of('no number'))).toBeUndefined()
    expect(compareSequence(narrow, { ...wide, key: 'b' })).toBeUndefined()
  })

  it('gives one event one id, however often and through whatever it comes', () => {
    const bare = only(readAws(payload('aws/s3-put.json'), 'one'))
    const carried = only(readAws(payload('aws/lambda-sns-s3.json'), 'two'))
    expect(carried.id).toBe(bare.id)
  })

  it.each([
    'ObjectTagging:Put',
    'ObjectAcl:Put',
    'ObjectRestore:Completed',
    'ObjectAnnotation:Put',
  ])('%s changes no content', (eventName) => {
    expect(readAws(s3Record({ eventName }, {}), 'd')).toMatchObject([{ type: 'ignore' }])
  })

  it('a lifecycle delete is one, and a delete of a version is not one of the key', () => {
    expect(readAws(payload('aws/s3-lifecycle-expiration-delete.json'), 'd')).toMatchObject([
      { type: 'deleted', by: 's3.amazonaws.com' },
    ])
    expect(readAws(payload('aws/s3-delete-version.json'), 'd')).toMatchObject([
      { type: 'version-deleted', version: 'v1' },
    ])
  })

  it('names who wrote, in each of its shapes', () => {
    expect(only(readAws(payload('aws/s3-copy.json'), 'd')).by).toBe('AWS:AIDAJDPLRKLG7UEXAMPLE')
    expect(only(readAws(payload('aws/eventbridge-created.json'), 'd')).by).toBe('123456789012')
  })

  it('is not unwrapped for ever', () => {
    let wrapped: unknown = s3Record({}, {})
    const wrap = (inner: unknown) => {
      return { Type: 'Notification', TopicArn: 'arn:t', Message: JSON.stringify(inner) }
    }
    for (let depth = 0; depth < 4; depth++) wrapped = wrap(wrapped)
    expect(readAws(wrapped, 'd')).toMatchObject([{ type: 'created' }])
    expect(readAws(wrap(wrapped), 'd')).toMatchObject([{ type: 'ignore' }])
  })
})

describe('MinIO and Wasabi', () => {
  it('MinIO leaves out the size of an empty object', () => {
    const { Records } = payload('minio/put.json') as { Records: { s3: { object: object } }[] }
    const [record] = Records
    const object = { ...record!.s3.object, size: undefined }
    const empty = { Records: [{ ...record, s3: { ...record!.s3, object } }] }
    expect(only(readAws(empty, 'd'))).toMatchObject({ vendor: 'minio', size: 0 })
    expect(only(readAws(s3Record({}, {}), 'd')).size).toBeUndefined()
  })

  it('MinIO writes the version "1" where there is none', () => {
    expect(only(readAws(payload('minio/delete.json'), 'd'))).toMatchObject({ type: 'deleted' })
    const eventName = 's3:ObjectRemoved:Delete'
    const versioned = s3Record({ eventName }, { versionId: '6f1c-8a' }, 'minio:s3')
    expect(only(readAws(versioned, 'd')).type).toBe('version-deleted')
  })

  it.each(['PutTagging', 'DeleteTagging', 'PutRetention', 'PutLegalHold'])(
    'MinIO files %s under ObjectCreated, and it changes no content',
    (name) => {
      const record = s3Record({ eventName: `s3:ObjectCreated:${name}` }, {}, 'minio:s3')
      expect(readAws(record, 'd')).toMatchObject([{ type: 'ignore' }])
    },
  )

  it("Wasabi's sequencer is always the same, so two events are told apart by what brought them", () => {
    const [one, two] = ['1', '2'].map((id) => only(readAws(payload('wasabi/sns-message.json'), id)))
    expect(one!.sequencer).toBeUndefined()
    expect(one!.id).not.toBe(two!.id)
    expect(compareSequence(one!, two!)).toBeUndefined()
  })
})

describe('Google', () => {
  it('a change has one id, in however many messages', () => {
    const [push, bare] = ['pubsub-push-finalize', 'pubsub-push-payload-none'].map((name) =>
      readGcs(payload(`gcp/${name}.json`)),
    )
    expect(only([push!]).id).toBe('some-bucket/folder/Test.cs#1587627537231057:OBJECT_FINALIZE')
    expect(only([bare!]).id).toBe(only([push!]).id)
  })

  it('an overwrite is told twice and counts once, with versions or without', () => {
    expect(readGcs(payload('gcp/pubsub-push-delete-overwritten.json')).type).toBe('ignore')
    const attributes = {
      ...{ eventType: 'OBJECT_ARCHIVE', bucketId: 'b', objectId: 'k', objectGeneration: '1' },
      overwrittenByGeneration: '2',
    }
    expect(readGcs({ message: { attributes } }).type).toBe('ignore')
  })

  it('orders by generation, then metageneration, as numbers', () => {
    const of = (sequencer: string) => ({ vendor: 'gcp', bucket: 'b', key: 'k', sequencer }) as const
    expect(compareSequence(of('9.1'), of('10.1'))).toBeLessThan(0)
    expect(compareSequence(of('10.2'), of('10.1'))).toBeGreaterThan(0)
  })

  it('a pulled message reads as a pushed one', () => {
    const { message } = payload('gcp/pubsub-push-finalize.json') as { message: object }
    const pushed = readGcs({ message })
    expect(readGcs(message)).toEqual(pushed)
    expect(readGcs({ ackId: 'a', message })).toEqual(pushed)
  })

  it('the metadata that came along tells whose copy it is', () => {
    const object = { name: 'k', bucket: 'b', metadata: { skein_source: 'mark' } }
    const type = 'google.cloud.storage.object.v1.finalized'
    expect(readGcs({ type, data: object })).toMatchObject({ source: 'mark' })
  })
})

describe('Azure', () => {
  const created = (data: object, more: object = {}) => {
    const [event] = payload('azure/eventgrid-created.json') as { data: object }[]
    return [{ ...event, ...more, data: { ...event!.data, ...data } }]
  }

  it('the subject is right where the URL is not', () => {
    expect(only(readAzure(payload('azure/eventgrid-created.json'))).bucket).toBe('test-container')
  })

  it.each([
    ['CreateFile', 'ignore'],
    ['SftpCreate', 'ignore'],
    ['AppendFile', 'ignore'],
    ['PutBlob', 'created'],
    ['PutBlockList', 'created'],
    ['CopyBlob', 'created'],
    ['FlushWithClose', 'created'],
    ['SftpCommit', 'created'],
  ])('%s is %s', (api, type) => {
    expect(readAzure(created({ api }))).toMatchObject([{ type }])
  })

  it('what a client said of its request comes back, so Skein knows its own', () => {
    const clientRequestId = 'skein-1'
    expect(only(readAzure(created({ clientRequestId }))).by).toBe(clientRequestId)
  })

  it('ETags come with quotes or without, and times with seven digits', () => {
    const [quoted, bare] = ['"0x8D4"', '0x8D4'].map((eTag) => only(readAzure(created({ eTag }))))
    expect([quoted!.etag, bare!.etag]).toEqual(['0x8D4', '0x8D4'])
    expect(quoted!.at).toBe('2017-06-26T18:41:00.958Z')
  })

  it('sequencers are compared as text, and only at one length', () => {
    const of = (sequencer: string) => only(readAzure(created({ sequencer })))
    expect(compareSequence(of('0A'), of('0b'))).toBeLessThan(0)
    expect(compareSequence(of('0b'), of('0b'))).toBe(0)
    expect(compareSequence(of('0b'), of('000a'))).toBeUndefined()
  })

  it('a rename tells both keys, and one from elsewhere is new', () => {
    expect(only(readAzure(payload('azure/eventgrid-adls-renamed.json')))).toMatchObject({
      ...{ type: 'renamed', key: 'my-renamed-file.txt', from: 'my-original-file.txt' },
      ...{ account: 'my-storage-account', bucket: 'my-file-system' },
    })
    const sourceUrl = 'https://a.dfs.core.windows.net/other/x.txt'
    const [event] = payload('azure/eventgrid-adls-renamed.json') as { data: object }[]
    const moved = only(readAzure([{ ...event, data: { ...event!.data, sourceUrl } }]))
    expect(moved.type).toBe('created')
    expect(moved.from).toBeUndefined()
  })

  it('a directory that moves tells nothing of what is in it, and the reason says what will', () => {
    const eventType = 'Microsoft.Storage.DirectoryRenamed'
    const [reading] = readAzure(created({}, { eventType }))
    expect(reading).toMatchObject({
      type: 'ignore',
      reason: expect.stringContaining('scan') as string,
    })
  })

  it('one event, a list, and a list of one are the same', () => {
    const list = payload('azure/cloudevents-created.json') as unknown[]
    expect(readAzure(list[0])).toEqual(readAzure(list))
    expect(readAzure([...list, ...list])).toHaveLength(2)
  })
})

describe('R2 and B2', () => {
  it('R2 events have no id, so all that they say is theirs', () => {
    const put = payload('cloudflare/r2-put.json') as object
    const one = only([readR2(put)])
    const later = only([readR2({ ...put, eventTime: '2024-05-24T19:36:45.379Z' })])
    expect(one.id).toBe(only([readR2({ ...put })]).id)
    expect(later.id).not.toBe(one.id)
    expect(one.account).toBe('3f4b7e3dcab231cbfdaa90a6a28bd548')
  })

  it("R2's lifecycle and deletes tell neither size nor ETag", () => {
    const gone = only([readR2(payload('cloudflare/r2-lifecycledeletion.json'))])
    expect(gone).toMatchObject({ type: 'deleted' })
    expect([gone.size, gone.etag]).toEqual([undefined, undefined])
  })

  it("B2's own replica is new content, and a hidden file is gone", () => {
    expect(readB2(payload('b2/replica.json'))).toMatchObject([{ type: 'created' }])
    expect(readB2(payload('b2/hide-marker.json'))).toMatchObject([{ type: 'deleted' }])
    expect(readB2(payload('b2/delete-version.json'))).toMatchObject([{ type: 'version-deleted' }])
  })

  it('B2 sends many at once, and each is told', () => {
    const { events } = payload('b2/upload.json') as { events: object[] }
    const many = Array.from({ length: 50 }, (_, i) => ({ ...events[0], eventId: `e${i}` }))
    const ids = readB2({ events: many }).map((reading) => only([reading]).id)
    expect(new Set(ids).size).toBe(50)
  })
})
