// From what was told to tasks: whose change it is, which key, and how often.

import { describe, expect, it } from 'vitest'
import type { Landscape } from '#shared/events/changes.ts'
import { tasksOf } from '#shared/events/changes.ts'
import type { StoreEvent, Vendor } from '#shared/events/event.ts'
import { placesBeside, placesOfVendor } from '#shared/events/places.ts'
import { tasksOfMessage } from '#shared/events/queue-message.ts'
import { parseStoreUri } from '#shared/storage/address.ts'
import { vectorOf, vectorText } from './vectors.ts'

const STORES = {
  photos: 's3://photos?region=eu-west-1',
  thumbs: 's3://photos/thumbs?region=eu-west-1',
  mine: 's3://photos?endpoint=http://127.0.0.1:9000',
  google: 'gs://photos',
  blue: 'az://blue/photos',
  green: 'az://green/photos',
  flare: 'r2://0123abcd/photos',
  bound: 'r2://any/bound?binding=BUCKET',
  black: 'b2://photos?region=us-west-004',
  folder: 'file:./photos',
}

const landscape: Landscape = {
  places: Object.entries(STORES).map(([store, uri]) => ({ store, address: parseStoreUri(uri) })),
  workspaces: [
    { name: 'app', primary: 'photos' },
    { name: 'twin', primary: 'photos' },
    { name: 'small', primary: 'thumbs' },
  ],
  stagingPrefix: '.skein/staging/',
}

const event = (more: Partial<StoreEvent> = {}): StoreEvent => ({
  ...{ type: 'created', vendor: 'aws', bucket: 'photos', key: 'a.jpg', id: 'one' },
  ...more,
})

const tasks = (...events: StoreEvent[]) =>
  tasksOf(events, landscape, ({ vendor }) => placesOfVendor(vendor, landscape.places))

const where = (...events: StoreEvent[]) =>
  tasks(...events).map(({ kind, store, key }) => [kind, store, key].join(' '))

describe('a change is of the stores', () => {
  it.each<[Vendor, Partial<StoreEvent>, string[]]>([
    ['aws', {}, ['photos']],
    ['gcp', {}, ['google']],
    ['azure', { account: 'green' }, ['green']],
    ['azure', {}, ['blue', 'green']],
    ['azure', { account: 'red' }, []],
    ['r2', { account: '0123abcd' }, ['flare']],
    ['r2', { account: 'another' }, []],
    ['r2', { account: 'another', bucket: 'bound' }, ['bound']],
    ['b2', {}, ['black']],
    // Without a row of its own, a server that speaks as MinIO does is any other S3.
    ['minio', {}, ['mine']],
    ['wasabi', {}, []],
    ['aws', { bucket: 'others' }, []],
  ])('of its vendor, account and bucket: %s %j', (vendor, more, stores) => {
    expect(tasks(event({ vendor, ...more })).map(({ store }) => store)).toEqual(stores)
  })

  it('in whose prefix it lies, by the key that each has it under', () => {
    expect(where(event({ key: 'thumbs/a.jpg' }))).toEqual([
      'object-changed photos thumbs/a.jpg',
      'object-changed thumbs a.jpg',
    ])
    expect(where(event({ key: 'thumbsx' }))).toEqual(['object-changed photos thumbsx'])
  })

  it('beside the one whose hook it came through, and of no other bucket', () => {
    const beside = (store: string) => placesBeside(store, landscape.places).map((one) => one.store)
    expect(beside('thumbs')).toEqual(['photos', 'thumbs'])
    expect(beside('blue')).toEqual(['blue'])
    expect(beside('mine')).toEqual(['mine'])
    expect(beside('gone')).toEqual([])
  })
})

describe("Skein's own keys", () => {
  it('are an upload that arrived, for each workspace of the store, or nothing', () => {
    const key = '.skein/staging/n0nce'
    expect(tasks(event({ key }))).toEqual([
      { v: 1, kind: 'upload-arrived', workspace: 'app', store: 'photos', key },
      { v: 1, kind: 'upload-arrived', workspace: 'twin', store: 'photos', key },
    ])
    expect(tasks(event({ key, type: 'deleted' }))).toEqual([])
    expect(tasks(event({ key: '.skein/uploads/record' }))).toEqual([])
    expect(where(event({ key: 'thumbs/.skein/staging/n' }))).toContain(
      'upload-arrived thumbs .skein/staging/n',
    )
  })

  it.each(['', 'a/../b', 'line\nbreak', 'x'.repeat(1025)])('a key no store can have: %j', (key) => {
    expect(tasks(event({ key }))).toEqual([])
  })
})

describe('several changes of one key', () => {
  const at = (sequencer: string, type: StoreEvent['type'] = 'created') =>
    event({ type, sequencer, id: sequencer })
  const ids = (...events: StoreEvent[]) =>
    tasks(...events).map((task) => (task['event'] as StoreEvent).id)

  it('are one task where their order is known', () => {
    expect(ids(at('0a'), at('0c'), at('0b', 'deleted'))).toEqual(['0c'])
    expect(ids(at('0a'), at('0b', 'deleted'))).toEqual(['0b'])
  })

  it('are all looked at where it is not', () => {
    expect(ids(event({ id: 'x' }), event({ id: 'y' }))).toEqual(['x', 'y'])
    expect(ids(at('0a'), event({ key: 'b', sequencer: '0b', id: 'b' }))).toEqual(['0a', 'b'])
  })

  it('a version that goes makes no delete out of date', () => {
    expect(ids(at('0a', 'deleted'), at('0b', 'version-deleted'))).toEqual(['0a', '0b'])
  })

  it('of thousands at once are sifted in one go', () => {
    const many = Array.from({ length: 5000 }, (_, i) => at(i.toString(16).padStart(8, '0')))
    expect(ids(...many.toReversed())).toEqual([(4999).toString(16).padStart(8, '0')])
  })

  it('told twice is told once', () => {
    expect(ids(at('0a'), at('0a'))).toEqual(['0a'])
  })

  it('a rename is a delete there and new content here', () => {
    const renamed = event({ type: 'renamed', from: 'b.jpg', etag: 'e', id: 'r' })
    expect(tasks(renamed)).toMatchObject([
      { key: 'b.jpg', event: { type: 'deleted', id: 'r#from', etag: undefined } },
      { key: 'a.jpg', event: { type: 'created', id: 'r', etag: 'e' } },
    ])
  })
})

describe('a message of the queue', () => {
  const read = (body: string) => tasksOfMessage({ id: 'm', body }, () => landscape)
  const mine = (bucket: string): Landscape => ({
    ...landscape,
    places: [{ store: 'own', address: parseStoreUri(`s3://${bucket}?region=eu-west-1`) }],
  })

  it('that is a task, or that nobody can read, is for others', () => {
    for (const body of ['', '{"v":', 'null', '{"v":1,"kind":"dance"}', '{"v":2,"kind":"dance"}']) {
      expect(read(body)).toBeUndefined()
    }
    expect(read(JSON.stringify({ hello: 'world' }))).toBeUndefined()
  })

  it('of S3, in SQS and in SNS in SQS, is a change', () => {
    for (const file of ['aws/s3-put.json', 'aws/sns-http-s3-put.json']) {
      const body = vectorText(`events/${file}`)
      expect(tasksOfMessage({ id: 'm', body }, () => mine('mybucket'))).toMatchObject([
        { kind: 'object-changed', store: 'own', key: 'HappyFace.jpg', event: { size: 1024 } },
      ])
    }
  })

  it('that is about nothing here, or a test, is done with', () => {
    expect(read(vectorText('events/aws/s3-put.json'))).toEqual([])
    expect(read(vectorText('events/aws/s3-test-event.json'))).toEqual([])
  })

  it('may come as the base64 that it travelled in', () => {
    const { queueMessageXmlText_base64: body } = vectorOf(
      'events/azure/storage-queue-message.json',
    ) as { queueMessageXmlText_base64: string }
    const address = parseStoreUri('az://my-storage-account/c-c')
    const place = { store: 'blobs', address: { ...address, bucket: 'c' } }
    const found = tasksOfMessage({ id: 'm', body }, () => ({ ...landscape, places: [place] }))
    expect(found).toMatchObject([{ store: 'blobs', key: 'x.txt' }])
  })

  it('of R2, pulled or pushed, is one', () => {
    const address = parseStoreUri('r2://3f4b7e3dcab231cbfdaa90a6a28bd548/my-bucket')
    const place = { store: 'flare', address }
    const pulled = vectorOf('events/cloudflare/queue-http-pull-response.json') as {
      result: { messages: { body: string }[] }
    }
    const bodies = [vectorText('events/cloudflare/r2-put.json'), pulled.result.messages[0]!.body]
    for (const body of bodies) {
      const found = tasksOfMessage({ id: 'm', body }, () => ({ ...landscape, places: [place] }))
      expect(found).toMatchObject([{ store: 'flare', key: 'my-new-object' }])
    }
  })
})
