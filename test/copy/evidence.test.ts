// How each pair of wires knows that its copies are right: the tables of shared/copy/README.md, held by a test.

import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { copyObject } from '#shared/copy/copy.ts'
import { openFolders } from '../harness/folders.ts'
import { bytesOf } from '../suites/storage/content.ts'
import { createHarness } from '../suites/storage/harness.ts'
import { azureStore, b2Store, folderStore, gcsStore, r2Store, s3Store } from './stores.ts'

const servers = inject('servers')
const folders = await openFolders()
afterAll(() => folders.close())

const PAGE = readFileSync(new URL('../../shared/copy/README.md', import.meta.url), 'utf8')
const SIZES = { small: 10, large: 300_000 }

const STORES = {
  S3: (name: string) => s3Store(servers, name),
  GCS: (name: string) => gcsStore(servers, name),
  Azure: (name: string) => azureStore(servers, name),
  R2: (name: string) => r2Store(servers, name),
  B2: (name: string) => b2Store(servers, name),
  Folder: (name: string) => folderStore(folders.description, name),
}
type Title = keyof typeof STORES
const TITLES = Object.keys(STORES) as Title[]

/** The cells of the table under a heading, by source and destination. */
function tableUnder(heading: string): Map<string, string> {
  const [, section = ''] = PAGE.split(`\n### ${heading}\n`)
  const rows = section.split('\n\n')[1]?.split('\n') ?? []
  const [head = [], , ...body] = rows.map((row) => row.split('|').map((cell) => cell.trim()))
  return new Map(
    body.flatMap((cells) =>
      cells.slice(2, -1).map((cell, i) => [`${cells[1]} ${head[i + 2]}`, cell]),
    ),
  )
}

describe.each(['small', 'large'] as const)('%s objects', (size) => {
  const table = tableUnder(`${size === 'small' ? 'Small' : 'Large'} objects`)
  it.each(TITLES.flatMap((a) => TITLES.map((b) => [a, b] as const)))('%s to %s', async (a, b) => {
    const [from, to] = await Promise.all([STORES[a]('the source'), STORES[b]('the destination')])
    const open = (description: typeof from) => createHarness(description, { fetch }).open()
    const job = { from: open(from), to: open(to), key: 'key', mode: 'overwrite' } as const
    await job.from.put('key', bytesOf(SIZES[size]))
    const { evidence, digest } = await copyObject({ ...job, through: 'here' })
    expect(table.get(`${a} ${b}`)).toBe(`${evidence}, ${digest?.algorithm}`)
  })
})
