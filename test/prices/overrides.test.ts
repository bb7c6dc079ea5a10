// A user's own prices: of the catalogue's shape, laid over it figure by figure, told as his, and refused with
// the path of every fault.

import { expect, test } from 'vitest'
import { egressCost, storageCost } from '#shared/prices/costs.ts'
import { monthlyBill } from '#shared/prices/bill.ts'
import { formatUsd } from '#shared/prices/money.ts'
import { PricesError } from '#shared/prices/overrides.ts'
import { GIB, amountOf, known, openToday } from './open.ts'

const virginia = { provider: 's3', region: 'us-east-1' }

function ofClass(line: object) {
  return { providers: { s3: { classes: { STANDARD: { regions: { 'us-east-1': line } } } } } }
}

test('one figure becomes the user’s, and its neighbours stay as they were', async () => {
  const prices = await openToday(ofClass({ requests: { put: 0.004 } }))
  const put = known(prices.request(virginia, 'put'))
  expect(amountOf(put)).toBe('0.00400000')
  expect(put).toMatchObject({ trust: 'configured', flags: [], source: { from: 'prices.yaml' } })
  const get = known(prices.request(virginia, 'get'))
  expect(amountOf(get)).toBe('0.00040000')
  expect(get.trust).toBe('api-derived')
  expect(known(prices.storage(virginia))[0]!.figure.trust).toBe('api-derived')
})

test('a discount on storage replaces its tiers', async () => {
  const prices = await openToday(ofClass({ storage: [[null, 0.01]] }))
  const piles = [{ objectBytes: GIB, objects: 100_000 }]
  const cost = known(storageCost(prices, { shelf: virginia, piles }))
  expect(formatUsd(cost.amount)).toBe('1000.00')
  expect(cost.figures.map(({ trust }) => trust)).toEqual(['configured'])
})

test('other regions keep the catalogue’s price', async () => {
  const prices = await openToday(ofClass({ storage: [[null, 0.01]] }))
  const oregon = known(prices.storage({ ...virginia, region: 'us-west-2' }))
  expect(oregon.length).toBe(3)
})

test('what nobody else can know: the price of a store of one’s own', async () => {
  const prices = await openToday({
    providers: {
      minio: {
        gbBytes: 1_000_000_000,
        billing: { minimumMonthUsd: 20 },
        meters: { of: { put: 'free', get: ['all'] } },
        classes: {
          STANDARD: { regions: { any: { storage: [[null, 0.004]], requests: { all: 0 } } } },
        },
        egress: {
          internet: {
            any: {
              tiers: [
                [1000, 0],
                [null, 0.002],
              ],
            },
          },
        },
      },
    },
  })
  const sent = { from: { provider: 'minio' }, to: 'internet', bytes: 2000 * 10 ** 9 } as const
  expect(formatUsd(known(egressCost(prices, sent)).amount)).toBe('2.00')
  expect(known(prices.egressToInternet('minio', 'home')).trust).toBe('configured')
  expect(amountOf(prices.request({ provider: 'minio' }, 'get'))).toBe('0.00000000')
  expect(prices.request({ provider: 'minio' }, 'list')).toHaveProperty('reason')
  const bill = known(monthlyBill(prices, { provider: 'minio', kept: [] }))
  expect(formatUsd(bill.total.amount)).toBe('20.00')
})

test('a way between regions comes before the catalogue’s', async () => {
  const prices = await openToday({
    providers: { s3: { egress: { between: [['us-east-1', 'eu-west-1', 0.005]] } } },
  })
  const to = (region: string) =>
    known(prices.egress(virginia, { provider: 's3', region })).ladder[0]!.figure
  expect([amountOf(to('eu-west-1')), to('eu-west-1').trust]).toEqual(['0.00500000', 'configured'])
  expect([amountOf(to('eu-west-2')), to('eu-west-2').trust]).toEqual(['0.02000000', 'api-derived'])
})

test('a source and a day of his own, which grow old like any other', async () => {
  const prices = await openToday({
    asOf: '2025-01-01',
    sources: { contract: { from: 'our contract', asOf: '2026-06-30' } },
    providers: {
      s3: {
        egress: {
          internet: {
            'us-east-1': { tiers: [[null, 0.03]], source: 'contract' },
            'us-east-2': { tiers: [[null, 0.04]] },
          },
        },
      },
    },
  })
  expect(known(prices.egressToInternet('s3', 'us-east-1'))).toMatchObject({
    ...{ source: { from: 'our contract', asOf: '2026-06-30' }, flags: [], trust: 'configured' },
  })
  expect(known(prices.egressToInternet('s3', 'us-east-2')).flags).toEqual(['stale'])
})

test('a figure that he changed is no longer confirmed by others', async () => {
  const prices = await openToday(ofClass({ storage: [[null, 0.02]] }))
  expect(known(prices.storage(virginia))[0]!.figure.source).toEqual({
    ...{ from: 'prices.yaml', asOf: undefined },
  })
})

test.each<[string, unknown, string]>([
  [
    'a field that there is not',
    ofClass({ strage: [[null, 1]] }),
    'us-east-1.strage: no such field',
  ],
  ['a price below nothing', ofClass({ transition: -1 }), 'us-east-1.transition: is not at least 0'],
  ['a price that is text', ofClass({ transition: 'cheap' }), 'regions.us-east-1.transition: '],
  [
    'tiers that do not ascend',
    ofClass({
      storage: [
        [9, 1],
        [3, 1],
      ],
    }),
    'us-east-1.storage: ',
  ],
  [
    'a tier after the last',
    ofClass({
      storage: [
        [null, 1],
        [3, 1],
      ],
    }),
    'us-east-1.storage: ',
  ],
  [
    'a request nobody makes',
    { providers: { s3: { meters: { of: { putt: 'free' } } } } },
    'meters.of',
  ],
  [
    'a source that is none',
    ofClass({ transition: 1, source: 'x' }),
    'there is none of the name "x"',
  ],
  ['a day that is none', { asOf: '2026-13-40', providers: {} }, 'asOf: '],
  ['no group at all', 'cheap', '(top): '],
  ['nothing', {}, 'providers: '],
])('%s is refused with its path', async (_name, data, told) => {
  const refused = openToday(data)
  await expect(refused).rejects.toThrow(PricesError)
  await expect(refused).rejects.toThrow(told)
  await expect(refused).rejects.toThrow('prices.yaml')
})

test('faults are told all at once', async () => {
  const data = ofClass({ transition: -1, monitoring: -1, upload: 'much' })
  await expect(openToday(data)).rejects.toThrow(/monitoring: [^]*transition: [^]*upload: /)
})
