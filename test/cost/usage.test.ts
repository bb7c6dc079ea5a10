// Who asked for what: downloads counted as they are signed and written down now and then, logs of providers read
// line by line, and what is believed where both tell.

import { expect, test } from 'vitest'
import { keepImported, readUsage } from '#shared/cost/ledger.ts'
import { readAzureLog } from '#shared/cost/import/azure-log.ts'
import { csvFields } from '#shared/cost/import/csv.ts'
import { readGcsLog } from '#shared/cost/import/gcs-log.ts'
import { readS3AccessLog } from '#shared/cost/import/s3-access-log.ts'
import { inventoryReader } from '#shared/cost/import/s3-inventory.ts'
import { createReadCounter } from '#shared/cost/read-counts.ts'
import { addUpLines, monthlyRates } from '#shared/cost/usage.ts'
import type { Ledger } from '#shared/jobs/ledger.ts'
import { createLedger } from '#shared/jobs/ledger.ts'
import { openStore } from '#shared/storage/open.ts'

const NOON = Date.parse('2026-11-20T12:00:00Z')

function memoryLedger(): Ledger & { writes: number } {
  const platform = { env: {}, fileSystem: false, now: () => NOON }
  const store = openStore(`memory:${crypto.randomUUID()}`, platform, { name: 'ledger' })
  const ledger = createLedger(store)
  const counted = { ...ledger, writes: 0 }
  counted.write = async (...given) => {
    counted.writes++
    await ledger.write(...given)
  }
  return counted
}

test('a thousand downloads are one write, and another minute is another', async () => {
  const ledger = memoryLedger()
  let at = NOON
  const work: Promise<unknown>[] = []
  const counter = createReadCounter({
    ...{ workspace: 'app', ledger, now: () => at },
    background: (one) => work.push(one),
  })
  for (let n = 0; n < 1000; n++) counter.count('main', `photos/2026/${n}.jpg`, 50)
  expect(ledger.writes).toBe(0)
  at += 60_000
  counter.count('main', 'photos/2026/x.jpg')
  await Promise.all(work)
  expect(ledger.writes).toBe(1)
  await counter.flush()
  const usage = await readUsage(ledger, 'app', { from: '2026-11-20', to: '2026-11-20', now: at })
  expect(usage.rows).toEqual([
    {
      ...{ day: '2026-11-20', store: 'main', prefix: 'photos/2026/', counts: { get: 1001 } },
      ...{ sentBytes: 50_000, unsizedReads: 1 },
    },
  ])
  expect(usage.coverage.says[0]).toContain('Skein signed')
})

test('a day that is over is added up once, whatever instances counted it, and however often it is read', async () => {
  const ledger = memoryLedger()
  for (const instance of [1, 2, 3]) {
    const background = () => undefined
    const counter = createReadCounter({ workspace: 'app', ledger, now: () => NOON, background })
    for (let n = 0; n < instance; n++) counter.count('main', 'a/b')
    await counter.flush()
  }
  const asked = { from: '2026-11-20', to: '2026-11-20', now: NOON + 2 * 86_400_000 }
  for (let again = 0; again < 3; again++) {
    const { coverage } = await readUsage(ledger, 'app', asked)
    expect(coverage.signedReads).toBe(6)
  }
  expect((await ledger.list('cost/app/reads/')).entries).toEqual([])
})

test('beyond so many prefixes, counts go one folder higher, and none is lost', async () => {
  const ledger = memoryLedger()
  const background = () => undefined
  const counter = createReadCounter({ workspace: 'app', ledger, now: () => NOON, background })
  for (let n = 0; n < 5000; n++) counter.count('main', `u/${n}/x/y`)
  await counter.flush()
  const usage = await readUsage(ledger, 'app', { from: '2026-11-20', to: '2026-11-20', now: NOON })
  expect(usage.rows.length).toBeLessThan(2100)
  expect(usage.coverage.signedReads).toBe(5000)
})

test('an S3 server access log', () => {
  const line =
    '79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be photos [06/Feb/2026:00:00:38 +0000] 192.0.2.3 79a59df900b949e55d96a1e698fbaced 3E57427F3EXAMPLE REST.GET.OBJECT a%2520b/c.jpg "GET /photos/a%20b/c.jpg HTTP/1.1" 200 - 2662992 3462992 70 10 "-" "S3Console/0.4" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader photos.s3.us-west-1.amazonaws.com TLSV1.2 - -'
  expect(readS3AccessLog(line)).toEqual({
    ...{ at: new Date('2026-02-06T00:00:38Z'), operation: 'get', bucket: 'photos' },
    ...{ key: 'a%20b/c.jpg', status: 200, sentBytes: 2_662_992 },
  })
  const listing = line.replace('REST.GET.OBJECT a%2520b/c.jpg', 'REST.GET.BUCKET -')
  expect(readS3AccessLog(listing)).toMatchObject({ operation: 'list', key: '' })
  expect(readS3AccessLog(line.replace('REST.GET.OBJECT', 'REST.GET.VERSIONING'))).toBeUndefined()
  expect(readS3AccessLog('nonsense')).toBeUndefined()
  expect(readS3AccessLog('')).toBeUndefined()
})

test('an S3 Inventory: current objects alone, by the columns of its manifest', () => {
  const schema =
    'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, StorageClass'
  const read = inventoryReader(schema)
  const line =
    '"photos","a%20b/%22x%22.jpg","v1","true","false","123","2026-01-02T03:04:05.000Z","GLACIER"'
  expect(read(line)).toEqual({
    ...{ bucket: 'photos', key: 'a b/"x".jpg', bytes: 123, storageClass: 'GLACIER' },
    modified: new Date('2026-01-02T03:04:05Z'),
  })
  expect(read(line.replace('"true"', '"false"'))).toBeUndefined()
  expect(() => inventoryReader('Bucket, Key')).toThrow('no column Size, LastModifiedDate')
  expect(csvFields('"a,b","c""d",,e')).toEqual(['a,b', 'c"d', '', 'e'])
})

test('Azure’s logs, today’s and the classic ones', () => {
  const today = JSON.stringify({
    ...{ time: '2026-11-20T10:00:00.5Z', operationName: 'GetBlob', statusCode: 200 },
    uri: 'https://account.blob.core.windows.net:443/photos/a%20b/c.jpg?se=1',
    properties: { responseBodySize: 4321 },
  })
  const expected = { operation: 'get', bucket: 'photos', key: 'a b/c.jpg', status: 200 }
  expect(readAzureLog(today)).toMatchObject({ ...expected, sentBytes: 4321 })
  const classic =
    '1.0;2026-11-20T22:59:23.1967767Z;GetBlob;AnonymousSuccess;200;17;16;anonymous;;account;blob;"https://account.blob.core.windows.net/photos/a%20b/c.jpg?a=1&amp;b=2";"/account/photos/a b/c.jpg";61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2;0;192.100.0.102:4362;2014-02-14;283;0;354;23;0;;;"""0x8D15A2C913C934B""";Thursday;;"WA-Storage";;'
  expect(readAzureLog(classic)).toMatchObject({ ...expected, sentBytes: 23 })
  expect(readAzureLog('{')).toBeUndefined()
  expect(readAzureLog('2.0;x')).toBeUndefined()
})

test('a Cloud Storage usage log', () => {
  const line =
    '"1763632800000000","192.0.2.1","1","","GET","/photos/a%20b","200","0","999","1000","storage.googleapis.com","","curl","id","GET_Object","photos","a%20b"'
  expect(readGcsLog(line)).toEqual({
    ...{ at: new Date(1_763_632_800_000), operation: 'get', bucket: 'photos', key: 'a b' },
    ...{ status: 200, sentBytes: 999 },
  })
  expect(readGcsLog('"time_micros","c_ip"')).toBeUndefined()
})

test('where a log covers a store’s day it is believed, and says how far the count was off', async () => {
  const ledger = memoryLedger()
  const background = () => undefined
  const counter = createReadCounter({ workspace: 'app', ledger, now: () => NOON, background })
  for (let n = 0; n < 8; n++) counter.count('main', 'a/x')
  counter.count('other', 'a/x', 5)
  await counter.flush()
  const sums = addUpLines('main', 'in/')
  const line = { at: new Date(NOON), operation: 'get', bucket: 'b', status: 200 } as const
  for (let n = 0; n < 10; n++) sums.add({ ...line, key: 'in/a/x', sentBytes: 100 })
  expect(sums.add({ ...line, key: 'elsewhere/a', sentBytes: 1 })).toBe(false)
  await keepImported(ledger, 'app', sums.rows())
  await keepImported(ledger, 'app', sums.rows())
  const usage = await readUsage(ledger, 'app', { from: '2026-11-11', to: '2026-11-20', now: NOON })
  expect(usage.coverage).toMatchObject({ importedReads: 10, signedForEachRead: 0.8 })
  const rates = monthlyRates(usage, () => 7)
  expect(rates).toEqual([
    { store: 'main', prefix: 'a/', counts: { get: 300 }, sentBytes: 30_000 },
    { store: 'other', prefix: 'a/', counts: { get: 30 }, sentBytes: 150 },
  ])
})

test('days before anything was counted are not days without reads, and today is not yet a day', async () => {
  const ledger = memoryLedger()
  const count = async (day: number, reads: number) => {
    const at = NOON - day * 86_400_000
    const background = () => undefined
    const counter = createReadCounter({ workspace: 'app', ledger, now: () => at, background })
    for (let n = 0; n < reads; n++) counter.count('main', 'a/x', 1)
    await counter.flush()
  }
  await count(0, 10)
  const asked = { from: '2026-10-22', to: '2026-11-20', now: NOON }
  // Half a day is taken for one.
  expect((await readUsage(ledger, 'app', asked)).days).toBe(1)
  await count(4, 35)
  const usage = await readUsage(ledger, 'app', asked)
  expect(usage.days).toBe(4.5)
  expect(monthlyRates(usage, () => 0)[0]!.counts).toEqual({ get: 300 })
  await count(90, 1)
  // 29 whole days and half of today.
  expect((await readUsage(ledger, 'app', asked)).days).toBe(29.5)
})
