// `skein failover`: the writes go to another store and back, here; what that asks for is copied before it ends.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newSkein } from './skein.ts'

const SECRET = 'a secret of at least thirty-two characters'

async function open(replication: object = { failover: { to: ['west'] } }) {
  const skein = await newSkein({ SKEIN_SIGNING_SECRET: SECRET })
  const names = ['main', 'west', 'ledger']
  const config = {
    stores: Object.fromEntries(names.map((name) => [name, `file:${join(skein.folder, name)}`])),
    workspaces: { app: { primary: 'main', replicas: ['west'], replication } },
    ledger: 'ledger',
    secrets: [SECRET],
  }
  for (const name of names) await mkdir(join(skein.folder, name))
  await writeFile(join(skein.folder, 'skein.json'), JSON.stringify(config))
  return { skein, at: (path: string) => join(skein.folder, path) }
}

test('over and back again', async () => {
  const { skein, at } = await open()
  await writeFile(at('main/a.txt'), 'never copied')
  expect((await skein('failover', 'app')).out).toMatch(/^Writes go to +main\nState +normal\n/)

  const over = await skein('failover', 'app', '--to', 'west', '--reason', 'main is old', '--json')
  expect([over.code, JSON.parse(over.out)]).toMatchObject([
    0,
    { epoch: 1, acting: 'west', mode: 'failed-over', changes: [{ reason: 'main is old' }] },
  ])
  expect(await readFile(at('west/a.txt'), 'utf8')).toBe('never copied')

  await writeFile(at('west/b.txt'), 'meanwhile')
  const back = await skein('failover', 'app', '--back')
  expect(back).toMatchObject({ code: 0, err: '' })
  expect(back.out).toMatch(/^Writes go to +main\nState +back; what older URLs/)
  expect(back.out).toMatch(/3 .* failed-back +west +main +the command line/)
  expect(await readFile(at('main/b.txt'), 'utf8')).toBe('meanwhile')
})

test.each([
  [['--to', 'west', '--back'], 2, 'Give one of --to, --back and --status.'],
  [['--to', 'main'], 6, 'main is the store that the workspace app writes to already.'],
  [['--to', 'north'], 2, 'do not go to "north"; its `failover` allows main, west.'],
  [['--back'], 6, 'main is the store that the workspace app writes to already.'],
])('failover %j is refused', async (options, code, sentence) => {
  const { skein } = await open()
  const answer = await skein('failover', 'app', ...options)
  expect(answer.code).toBe(code)
  expect(answer.err).toContain(sentence)
})

test('where the configuration does not allow it, it says what would', async () => {
  const { skein } = await open({})
  for (const options of [[], ['--to', 'west'], ['--back']]) {
    const answer = await skein('failover', 'app', ...options)
    expect(answer.code).not.toBe(0)
    expect(answer.err).toContain('with `failover`')
  }
})
