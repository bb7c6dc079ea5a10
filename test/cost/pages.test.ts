// What people read: the page of HTML keeps markup out, the files of CSV keep formulas out, sums are decimals
// in JSON, and the worked example of the documentation says what the code says.

import { expect, test } from 'vitest'
import { htmlPage } from '#shared/cost/html.ts'
import { dollars, payBackIn, reportSheets, toCsv } from '#shared/cost/pages.ts'
import { toPlain } from '#shared/cost/plain.ts'
import { reportOf } from '#shared/cost/report.ts'
import { usd } from '#shared/prices/money.ts'
import { openToday } from '../prices/open.ts'
import { examplePage, writtenPage } from './example.ts'
import { GIB, TODAY, inventoryOf, placesAt, usageFrom } from './sample.ts'

const prices = await openToday()

function reportWith(prefix: string) {
  const places = placesAt('s3', 'b2')
  const heaps = ['x/', prefix].map((name) => ({
    ...{ prefix: name, objects: 1000, objectBytes: GIB, placement: ['STANDARD', 'STANDARD'] },
  }))
  const inventory = inventoryOf(places, heaps)
  const usage = usageFrom()
  return toPlain(reportOf({ prices, places, inventory, growth: undefined, usage, now: TODAY }))
}

test('a page of HTML shows keys as text, whatever is in them', () => {
  const page = htmlPage({ report: reportWith('<script>alert(1)</script>"&/') })
  expect(page).not.toContain('<script>')
  expect(page).toContain('&lt;script&gt;')
  expect(page).toContain('<svg role="img"')
  expect(page).toContain('$60.86')
  // Nothing is loaded from anywhere.
  expect(page).not.toMatch(/(src|href)=/)
})

test('a file of CSV holds no formulas, and exact sums', () => {
  const sheets = reportSheets(reportWith('=cmd()/'), (text) => text)
  const prefixes = sheets.find(({ title }) => title === 'PREFIX')!
  expect(toCsv(prefixes)).toContain("'=cmd()/,")
  expect(toCsv(sheets[0]!).split('\r\n')[1]).toBe('s3-store,30.666667,46.000000')
})

test('what has no known price is unknown in every table, and not nothing', () => {
  const [s3] = placesAt('s3')
  const places = [{ ...s3!, region: 'nowhere-1' }]
  const heap = { prefix: 'x/', objects: 10, objectBytes: GIB, placement: ['STANDARD'] }
  const inventory = inventoryOf(places, [heap])
  const report = toPlain(
    reportOf({ prices, places, inventory, growth: undefined, usage: usageFrom(), now: TODAY }),
  )
  const [stores] = reportSheets(report)
  expect(stores!.rows).toEqual([['s3-store', 'unknown', 'unknown']])
  expect(htmlPage({ report })).toContain('unknown')
  expect(report.unknown[0]).toContain('s3-store, storage')
})

test('JSON has dollars as decimals', () => {
  expect(toPlain({ a: [usd('0.0000015')], b: 'c', d: undefined, e: 1 })).toEqual({
    ...{ a: ['0.000002'], b: 'c', e: 1 },
  })
  expect([dollars('0.000002'), dollars('0'), payBackIn(undefined), payBackIn(0)]).toEqual([
    ...['< 0.01', '0.00', 'never', 'at once'],
  ])
})

test('the worked example is what the code says today', async () => {
  expect(writtenPage().trim()).toBe((await examplePage()).trim())
})
