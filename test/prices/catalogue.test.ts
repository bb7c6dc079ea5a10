// The catalogue itself: that every class in every region can be read, that no figure is without a source, and
// that what nobody knows is said and never passes for nothing.

import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Operation } from '#shared/prices/catalogue.ts'
import { OPERATIONS, catalogue } from '#shared/prices/catalogue.ts'
import { egressCost, storageCost } from '#shared/prices/costs.ts'
import type { Figure } from '#shared/prices/figure.ts'
import { compareRates, isKnown } from '#shared/prices/figure.ts'
import { compareMoney, NOTHING } from '#shared/prices/money.ts'
import { openPrices } from '#shared/prices/prices.ts'
import type { Shelf } from '#shared/prices/shelf.ts'
import { PROVIDERS } from '#shared/storage/compatibility.ts'
import { GIB, TODAY, amountOf, known, openToday, reason } from './open.ts'

const text = readFileSync(new URL('../../shared/prices/catalogue.json', import.meta.url), 'utf8')
const written: unknown = JSON.parse(text)
const data = catalogue.parse(written)
const prices = await openToday()

const shelves: Shelf[] = Object.entries(data.providers).flatMap(([provider, { classes = {} }]) =>
  Object.entries(classes).flatMap(([name, { regions = {} }]) =>
    Object.keys(regions).map((line) => {
      const [region, redundancy] = line.split('/')
      return { provider, class: name, region, redundancy }
    }),
  ),
)

const FREE_REQUESTS = ['b2', 'wasabi', 'spaces', 'file', 'memory']
const FREE_STORAGE = ['file', 'memory']

function isNothing({ value }: Figure): boolean {
  return compareMoney(value, NOTHING) === 0
}

function evidenced({ source, flags, unit, unitSize }: Figure<unknown>): boolean {
  const dated =
    source.asOf !== undefined || flags.includes('stale') || /No provider/.test(source.from)
  return source.from.length > 0 && dated && unit.length > 0 && unitSize > 0
}

describe('every class in every region', () => {
  test('is there: hundreds of them', () => {
    expect(shelves.length).toBeGreaterThan(500)
  })

  test('has a price for what it keeps, with its evidence', () => {
    const bad = shelves.filter((shelf) => {
      const ladder = prices.storage(shelf)
      if (!isKnown(ladder)) return true
      return !ladder.every(
        ({ figure }) =>
          evidenced(figure) && (!isNothing(figure) || FREE_STORAGE.includes(shelf.provider)),
      )
    })
    expect(bad).toEqual([])
  })

  test('has a price for each request or says that it has none, and only where requests are free it is nothing', () => {
    const bad = shelves.flatMap((shelf) =>
      (['put', 'get', 'list', 'head', 'part', 'copy'] satisfies Operation[]).filter((operation) => {
        const figure = prices.request(shelf, operation)
        if (!isKnown(figure)) return figure.reason.length === 0
        return !evidenced(figure) || isNothing(figure) !== FREE_REQUESTS.includes(shelf.provider)
      }),
    )
    expect(bad).toEqual([])
  })

  test('answers every other question with evidence or a reason', () => {
    const answers = shelves.flatMap((shelf) => [
      ...OPERATIONS.map((operation) => prices.request(shelf, operation)),
      ...[prices.retrieval(shelf), prices.written(shelf), prices.transition(shelf)],
      ...[prices.monitoring(shelf), prices.earlyDeletion(shelf)],
      ...Object.values(known(prices.rules(shelf))).filter(isFigure),
    ])
    const bad = answers.filter((one) => ('reason' in one ? one.reason === '' : !evidenced(one)))
    expect(bad).toEqual([])
  })
})

function isFigure(value: unknown): value is Figure<number> {
  return typeof value === 'object' && value !== null && 'trust' in value
}

interface Group {
  path: string
  /** The group around it. */
  around: string
  sourced: boolean
  /** It holds figures, or lists, itself. */
  figures: boolean
}

function groupsOf(value: unknown, path: readonly string[] = []): Group[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  const inside = Object.entries(value).flatMap(([key, one]) => groupsOf(one, [...path, key]))
  const figures = Object.values(value).some((one) => typeof one === 'number' || Array.isArray(one))
  const around = path.slice(0, -1).join('.')
  return [{ path: path.join('.'), around, sourced: 'source' in value, figures }, ...inside]
}

describe('the page of data', () => {
  test('no figure is without a source: its group names one, or the group around it', () => {
    const groups = groupsOf(data.providers)
    const sourced = new Set(groups.filter((one) => one.sourced).map(({ path }) => path))
    const words = /^\w+$|\.(groups|egress|meters)$/
    const bare = groups
      .filter(({ figures, path, around }) => figures && !sourced.has(path) && !sourced.has(around))
      .filter(({ path }) => !words.test(path))
    expect(sourced.size).toBeGreaterThan(500)
    expect(bare).toEqual([])
  })

  test('every source that is named is told, with where and when', () => {
    const names = new Set([...text.matchAll(/"source": "([^"]+)"/g)].map(([, name]) => name))
    const others = [...text.matchAll(/"(?:sources|confirmed)": \{([^{}]*)\}/g)]
      .flatMap(([, inside = '']) => [...inside.matchAll(/": "([^"]+)"/g)])
      .map(([, name]) => name)
    const rules = Object.values(data.providers)
      .flatMap(({ egress }) => egress?.between ?? [])
      .map(([, , , name]) => name)
    const missing = [...names, ...others, ...rules].filter((name = '') => !(name in data.sources))
    expect(missing).toEqual([])
    expect(rules.length).toBeGreaterThan(60)
  })

  test('is read line by line: one a class and region', () => {
    const lines = text.split('\n').filter((line) => line.includes('"storage": ['))
    expect(lines.length).toBe(shelves.length)
  })

  test('is small enough for a Worker', () => {
    expect(gzipSync(JSON.stringify(written)).length).toBeLessThan(60_000)
  })
})

describe('providers', () => {
  test.each(PROVIDERS.map(({ id }) => id))('%s has prices, or says who has to give them', (id) => {
    const answer = prices.egressToInternet(id, undefined)
    expect(isKnown(answer) ? evidenced(answer) : answer.reason.includes(`"${id}"`)).toBe(true)
  })

  test('those that we cannot know are unknown, and a folder is nothing and says why', () => {
    for (const id of ['minio', 'ceph', 's3-compatible', 'constructor'])
      expect(reason(prices.egressToInternet(id, 'anywhere'))).toContain('file of prices')
    const folder = known(prices.egressToInternet('file', undefined))
    expect(amountOf(folder)).toBe('0.00000000')
    expect(folder.source.from).toContain('No provider bills a folder')
    expect(folder.flags).toEqual([])
  })

  test('every class that a store offers has a price somewhere', () => {
    const offered = PROVIDERS.filter(({ id }) => id in data.providers && id !== 'memory')
    const missing = offered.flatMap(({ id, capabilities }) =>
      capabilities.classes.filter((name) => !isKnown(prices.rules({ provider: id, class: name }))),
    )
    expect(missing).toEqual([])
  })

  test('the cheapest way out can be found, whatever a GB is', () => {
    const ways: Record<string, string> = {
      s3: 'eu-central-1',
      gcs: 'europe-west3',
      azure: 'westeurope',
      b2: 'eu-central-003',
      r2: 'auto',
      spaces: 'fra1',
    }
    const order = Object.entries(ways)
      .map(([id, region]) => ({ id, rate: known(prices.egressToInternet(id, region)) }))
      .toSorted((a, b) => compareRates(a.rate, b.rate))
      .map(({ id }) => id)
    // 0.01 a GiB is less than 0.01 a GB.
    expect(order).toEqual(['r2', 'spaces', 'b2', 'azure', 's3', 'gcs'])
  })
})

describe('what is unknown', () => {
  const s3 = { provider: 's3', region: 'us-east-1' }

  test.each<[string, object]>([
    ['a class', prices.storage({ ...s3, class: 'TAPE' })],
    ['a region', prices.storage({ ...s3, region: 'mars-north-1' })],
    ['a partition of its own', prices.storage({ ...s3, region: 'cn-north-1' })],
    ['a way to bring back', prices.retrieval({ ...s3, class: 'DEEP_ARCHIVE' }, 'expedited')],
    ['a transition to where no rule leads', prices.transition({ ...s3, class: 'EXPRESS_ONEZONE' })],
    ['a redundancy nobody measured', prices.storage({ ...azure('Hot'), redundancy: 'XRS' })],
    ['a part of the world', prices.egressToInternet('azure', 'uaenorth')],
    ['what every object has', prices.storage({ ...s3, class: 'constructor' })],
    ['a region that every object has', prices.storage({ ...s3, region: 'toString' })],
    ['a pair of regions', prices.storage({ provider: 'gcs', region: 'us-east1+mars' })],
  ])('%s is said to be', (_name, answer) => {
    expect(reason(answer)).toMatch(/known/)
  })

  test('above the last known tier there is no sum', () => {
    const from = { provider: 's3', region: 'me-central-1' }
    const sent = (tebibytes: number) =>
      egressCost(prices, { from, to: 'internet', bytes: tebibytes * 1024 * GIB })
    expect(isKnown(sent(9))).toBe(true)
    expect(reason(sent(20))).toContain('no known price')
  })

  function azure(name: string) {
    return { provider: 'azure', region: 'westus', class: name }
  }
})

describe('what weakens a figure is told with it', () => {
  const flagsOf = (answer: object) => ('flags' in answer ? answer.flags : answer)

  test('its age, by the last reading that confirmed it', () => {
    const rate = (region: string) => known(prices.storage({ provider: 's3', region }))[0]!.figure
    expect(rate('us-west-2').flags).toEqual(['stale'])
    expect(rate('us-east-1').flags).toEqual([])
    expect(rate('us-east-1').source.asOf).toBe('2026-08-01')
  })

  test('a year on, nothing is fresh but what no list can change', async () => {
    const later = await openPrices({ now: () => TODAY + 366 * 24 * 3600 * 1000 })
    const figures = Object.keys(data.providers).flatMap((id) => {
      const answer = later.egressToInternet(id, undefined)
      return isKnown(answer) ? [[id, answer.flags.includes('stale')] as const] : []
    })
    const fresh = figures.filter(([, stale]) => !stale).map(([id]) => id)
    expect(fresh).toEqual(['file', 'memory'])
  })

  test('that nobody confirmed it', () => {
    const cold = { provider: 'azure', region: 'westeurope', class: 'Cold' }
    expect(known(prices.storage(cold))[0]!.figure.flags).toContain('unverified')
    expect(flagsOf(prices.request({ provider: 'gcs', region: 'us' }, 'put'))).toContain(
      'unverified',
    )
  })

  test('another region, another redundancy, another kind of request that stands in', () => {
    const unlisted = prices.egressToInternet('azure', 'swedencentral')
    expect(known(unlisted)).toMatchObject({ flags: ['region-assumed'] })
    expect(known(unlisted).note).toContain('westeurope')
    const copies = { provider: 'azure', region: 'westeurope', class: 'Hot', redundancy: 'GRS' }
    const { figure } = known(prices.storage(copies))[0]!
    expect(figure.flags).toEqual(expect.arrayContaining(['redundancy-assumed', 'unverified']))
    expect(amountOf(figure)).toBe('0.04312000')
    const head = prices.request({ provider: 'azure', region: 'westeurope' }, 'head')
    expect(known(head).flags).toContain('meter-assumed')
  })

  test('and it goes into every cost', () => {
    const shelf = { provider: 's3', region: 'us-west-2', class: 'GLACIER' }
    const cost = known(storageCost(prices, { shelf, piles: [{ objectBytes: 1, objects: 1 }] }))
    expect(cost.flags).toEqual(['stale'])
    expect(cost.figures.length).toBe(2)
  })
})
