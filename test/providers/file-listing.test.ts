// Listing a folder: the keys of a plain sorted set, for any question, with bounded memory.

import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, record, string } from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { compareUtf8, keyProblem } from '#shared/storage/keys.ts'
import { foldPage } from '#shared/storage/providers/folding.ts'
import { Walker } from '#shared/storage/providers/file/walking.ts'
import { seeded } from '../seeds.ts'
import { allKeys, freshFolder, openFolder, put } from './file-folder.ts'

// Every write waits for the disk several times, and a disk may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe('listing', () => {
  const segment = constantFrom(
    'a',
    'b',
    '',
    '-',
    '0',
    '~',
    'é',
    '\u{fffd}',
    '\u{1f600}',
    '__0x2f__',
    '.skein',
    'l'.repeat(260),
    `${'l'.repeat(260)}m`,
  )
  const someKey = array(segment, { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'))
    .filter((key) => keyProblem(key) === undefined)

  it('is that of a plain sorted set of keys, for any prefix, delimiter, place and page', async () => {
    const query = record({
      prefix: constantFrom('', 'a', 'a/', 'a//', 'b/a', '/', 'l', 'lll/', '.'),
      delimiter: constantFrom('', '/', 'a', 'll'),
      after: constantFrom('', 'a', 'a/', 'a/b', '\u{1f600}', '/'),
      limit: constantFrom(1, 2, 3, 1000),
    })
    await assert(
      asyncProperty(
        array(someKey, { maxLength: 15 }),
        array(query, { minLength: 4, maxLength: 4 }),
        async (some, queries) => {
          const keys = [...new Set(some)].toSorted(compareUtf8)
          const root = freshFolder()
          const driver = openFolder(root)
          await Promise.all(keys.map((key) => put(driver, key, '')))
          const small = new Walker(root, 2)
          for (const { limit, ...options } of queries) {
            const expected = listingOf(keys, options)
            const found = await allKeys(driver, { ...options, limit })
            expect(found.toSorted(compareUtf8)).toEqual(expected)
            const windowed = await foldPage(options, 1e6, (place) => small.walk(place))
            const { entries, prefixes } = windowed
            expect(entries.map(({ key }) => key)).toEqual(
              entries.map(({ key }) => key).toSorted(compareUtf8),
            )
            const both = [...entries.map(({ key }) => key), ...prefixes]
            expect(both.toSorted(compareUtf8)).toEqual(expected)
          }
        },
      ),
      { ...seeded(), numRuns: 25 },
    )
  })

  it('reads a large folder in windows, and again only when it has changed', async () => {
    const root = freshFolder()
    mkdirSync(join(root, 'many'))
    const names = Array.from({ length: 3000 }, (_, i) => `many/${String(i).padStart(5, '0')}`)
    for (const name of names) writeFileSync(join(root, name), '')
    const past = new Date(Date.now() - 10_000)
    utimesSync(join(root, 'many'), past, past)
    const walker = new Walker(root, 400)
    const keys = async (after: string, limit: number) => {
      const page = await foldPage({ after }, limit, (place) => walker.walk(place))
      return page.entries.map(({ key }) => key)
    }
    expect(await keys('', 1e6)).toEqual(names)
    expect(await keys('many/00500', 10)).toEqual(names.slice(501, 511))
    writeFileSync(join(root, 'many/00505x'), '')
    expect(await keys('many/00500', 10)).toContain('many/00505x')
    rmSync(join(root, 'many/00505x'))
    expect(await keys('many/00500', 10)).toEqual(names.slice(501, 511))
  })

  it('is told what kinds of prefix there can be', async () => {
    const driver = openFolder(freshFolder())
    await assert(
      asyncProperty(string(), async (prefix) => {
        expect(await allKeys(driver, { prefix })).toEqual([])
      }),
    )
  })
})

/** The same by definition. */
function listingOf(
  keys: string[],
  { prefix, delimiter, after }: { prefix: string; delimiter: string; after: string },
): string[] {
  const matching = keys.filter((key) => key.startsWith(prefix) && compareUtf8(key, after) > 0)
  const folded = matching.map((key) => {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    return at < 0 ? key : key.slice(0, at + delimiter.length)
  })
  // A key and a prefix of the same text cannot both be: the key would be folded.
  return [...new Set(folded)].toSorted(compareUtf8)
}
