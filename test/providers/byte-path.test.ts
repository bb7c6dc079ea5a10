// The requests that move bytes, which the drivers make by themselves, against servers that are none of their
// providers: portals that answer everything, proxies that forget what was asked, lines that break at the end.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Driver } from '#shared/storage/contract.ts'
import { createAzureDriver } from '#shared/storage/providers/azure/driver.ts'
import { createGcsDriver } from '#shared/storage/providers/gcs/driver.ts'
import { gcsSettings } from '#shared/storage/providers/gcs/settings.ts'
import { createS3Driver } from '#shared/storage/providers/s3/driver.ts'
import { s3Settings } from '#shared/storage/providers/s3/settings.ts'
import type { AnsweringServer, Answer } from './azure-answers.ts'
import { startAnswering } from './azure-answers.ts'
import { openingOf, settingsOf } from './azure-opening.ts'
import { bytes, failure, overwrite, signal } from './azure-store.ts'
import { s3Opening } from './s3-opening.ts'

let server: AnsweringServer
beforeAll(async () => {
  server = await startAnswering(() => 'cut')
})
afterAll(() => server.stop())
beforeEach(() => {
  server.asked.length = 0
})

function says(answer: Answer): void {
  server.answering = () => answer
}

/** For which nobody needs credentials. */
const EMULATOR = () => ({ STORAGE_EMULATOR_HOST: server.url })
const AZURE = 'az://account/container'
const ENDED = 'se=2999-01-01T00%3A00%3A00Z'

const DRIVERS: Record<string, () => Driver> = {
  S3() {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }
    const opening = s3Opening('s3://bucket?region=us-east-1', { options: { credentials } })
    return createS3Driver({ ...s3Settings(opening), endpoint: server.url, pathStyle: true })
  },
  GCS() {
    return createGcsDriver(gcsSettings(openingOf('gs://bucket', { env: EMULATOR() })))
  },
  Azure() {
    const uri = `${AZURE}?endpoint=${server.url}`
    return createAzureDriver(settingsOf(uri, { credentials: { accountKey: 'a2V5' } }))
  },
  'Azure by a SAS': () => azureBySas('2018-11-09'),
}

function azureBySas(version: string): Driver {
  const sasToken = `?sv=${version}&sr=c&sp=racwdl&${ENDED}&sig=a%2Bb%3D`
  return createAzureDriver(
    settingsOf(`${AZURE}?endpoint=${server.url}`, { credentials: { sasToken } }),
  )
}

/** What each would say of an object of five bytes, whatever was asked. */
const WHOLE = {
  'content-length': '5',
  etag: '"0123456789abcdef0123456789abcdef"',
  'last-modified': 'Fri, 24 May 2013 00:00:00 GMT',
  'x-goog-generation': '7',
  'x-ms-request-id': '1',
  'x-goog-stored-content-length': '5',
}

describe.each(Object.keys(DRIVERS))('%s', (name) => {
  let driver: Driver
  beforeEach(() => {
    driver = DRIVERS[name]!()
  })

  it('takes no page of a portal for an object', async () => {
    says({ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Log in</h1>' })
    expect(await failure(driver.get('a', { signal }))).toMatchObject({ kind: 'internal', key: 'a' })
  })

  it('takes no page of a portal for a write that went well', async () => {
    says({ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Log in</h1>' })
    const error = await failure(driver.put('a', bytes('hello'), overwrite))
    expect(error).toMatchObject({ kind: 'internal', key: 'a', ambiguous: true })
  })

  it('takes no whole object for the range of it that was asked for', async () => {
    says({ status: 200, headers: WHOLE, body: 'hello' })
    const range = { first: 2, last: 3 }
    const error = await failure(driver.get('a', { range, signal }))
    expect(error).toMatchObject({ kind: 'internal', key: 'a' })
  })

  it('takes no other range for the one that was asked for', async () => {
    const headers = { ...WHOLE, 'content-length': '2', 'content-range': 'bytes 0-1/5' }
    says({ status: 206, headers, body: 'he' })
    const range = { first: 2, last: 3 }
    const error = await failure(driver.get('a', { range, signal }))
    expect(error).toMatchObject({ kind: 'internal', key: 'a' })
  })

  it('does not know what became of a write whose answer broke off', async () => {
    says({ status: 200, headers: { ...WHOLE, 'content-length': '50' }, body: 'h', breaksOff: true })
    const error = await failure(driver.put('a', bytes('hello'), overwrite))
    expect(error).toMatchObject({ kind: 'unavailable', key: 'a', ambiguous: true })
  })
})

it('Azure is told the same version by a SAS of any age', async () => {
  says({ status: 201, headers: WHOLE, body: 'hello' })
  await azureBySas('2018-11-09').put('a b', bytes('hello'), overwrite)
  const [{ url, headers }] = server.asked as [(typeof server.asked)[0]]
  expect(url.pathname).toBe('/account/container/a%20b')
  expect(url.search).toBe(`?sv=2018-11-09&sr=c&sp=racwdl&${ENDED}&sig=a%2Bb%3D`)
  expect(headers['x-ms-version']).toMatch(/^202\d-/)
  expect(headers).not.toHaveProperty('authorization')
})
