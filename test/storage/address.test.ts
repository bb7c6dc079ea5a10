import { describe, expect, test } from 'vitest'
import { parseStoreUri } from '#shared/storage/address.ts'
import { StorageError } from '#shared/storage/errors.ts'

describe('a store’s URI', () => {
  test.each([
    ['s3://photos?region=eu-west-1', { id: 's3', bucket: 'photos', prefix: '' }],
    ['s3://photos/team/a?region=eu-west-1', { id: 's3', bucket: 'photos', prefix: 'team/a/' }],
    ['s3://photos/team/a/?region=eu-west-1', { id: 's3', bucket: 'photos', prefix: 'team/a/' }],
    [
      's3://photos?endpoint=https://s3.example.com',
      { id: 's3-compatible', bucket: 'photos', prefix: '' },
    ],
    ['gs://photos/a%20b', { id: 'gcs', bucket: 'photos', prefix: 'a b/' }],
    ['az://acme/photos/x', { id: 'azure', account: 'acme', bucket: 'photos', prefix: 'x/' }],
    ['r2://0123abc/photos', { id: 'r2', account: '0123abc', bucket: 'photos', prefix: '' }],
    ['file:./data', { id: 'file', bucket: './data', prefix: '' }],
    ['file:///srv/data', { id: 'file', bucket: '/srv/data', prefix: '' }],
    ['FILE:/srv/data', { id: 'file', bucket: '/srv/data', prefix: '' }],
    ['memory:one', { id: 'memory', bucket: 'one', prefix: '' }],
  ])('%s', (uri, expected) => {
    const { row, ...address } = parseStoreUri(uri)
    expect({ id: row.id, ...address }).toMatchObject(expected)
  })

  test.each([
    [
      's4://photos',
      'The scheme "s4:" of "s4://photos" is not known; use one of s3: gs: az: r2: b2: wasabi:',
    ],
    ['photos', '"photos" is not a store: it has no scheme'],
    ['s3://', 'does not name its bucket; write it as s3://bucket/prefix?region=eu-central-1.'],
    ['s3:photos', 'does not name its bucket'],
    [
      'az://acme',
      'does not name its account and bucket; write it as az://account/container/prefix.',
    ],
    ['s3://Bad_Bucket!', 'names the bucket "Bad_Bucket!", which no provider allows'],
    [
      's3://photos?regoin=x',
      'has the parameter "regoin", which Amazon S3 does not know; it takes region, endpoint',
    ],
    ['gs://photos/%zz', 'holds a % that begins no escape'],
    ['gs://photos/a/../b', 'has a segment "." or ".."'],
    ['file:', 'does not say where; write it as file:./data.'],
  ])('%s is refused in one clear sentence', (uri, message) => {
    expect(() => parseStoreUri(uri)).toThrow(StorageError)
    expect(() => parseStoreUri(uri)).toThrow(message)
  })

  test('a secret in the query never reaches a message', () => {
    expect(() => parseStoreUri('s3://photos?secret=hunter2')).toThrow(/^(?!.*hunter2)/)
    expect(() => parseStoreUri('s3://key:hunter2@photos?region=x')).toThrow(/^(?!.*hunter2)/)
  })
})
