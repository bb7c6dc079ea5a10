import { execFileSync } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '#shared/config/config.ts'
import { openStore } from '#shared/storage/open.ts'
import type { Context } from '../../functions/node/commands/command.ts'
import { locate } from '../../functions/node/commands/location.ts'
import { COMMANDS } from '../../functions/node/commands/rows.ts'
import { table } from '../../functions/node/terminal/table.ts'
import { newSkein } from './skein.ts'

describe('with no configuration, a folder', () => {
  test('takes a file and gives it back', async () => {
    const skein = await newSkein()
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 251))
    await writeFile(join(skein.folder, 'a b.bin'), bytes)

    expect(await skein('put', 'a b.bin', 'main:in/')).toMatchObject({
      code: 0,
      out: 'main:in/a b.bin  68.4 KiB\n',
    })
    expect(await skein('get', 'main:in/a b.bin', 'out/')).toMatchObject({ code: 0 })
    expect(await readFile(join(skein.folder, 'out', 'a b.bin'))).toEqual(bytes)
    const part = await skein('get', 'main:in/a b.bin', '-', '--range', '250-252')
    expect(part.bytes).toEqual(bytes.subarray(250, 253))
  })

  test('lists by folder, lists all, counts, and empties', async () => {
    const skein = await newSkein()
    for (const key of ['a/1.txt', 'a/2.txt', 'b.txt'])
      await skein.withInput('hello', 'put', '-', `main:${key}`)

    const top = JSON.parse((await skein('list', 'main:', '--json')).out) as Record<string, unknown>
    expect(top).toMatchObject({
      prefixes: ['a/'],
      objects: [{ key: 'b.txt', size: 5 }],
      more: false,
    })
    const limited = JSON.parse(
      (await skein('list', 'main:', '-r', '--limit', '2', '--json')).out,
    ) as object
    expect(limited).toMatchObject({ objects: [{ key: 'a/1.txt' }, { key: 'a/2.txt' }], more: true })
    const stats = JSON.parse((await skein('stats', '--detailed', '--json')).out) as object
    expect(stats).toMatchObject({ stores: [{ store: 'main', objects: 3, bytes: 15 }, {}, {}] })

    expect((await skein('rm', 'main:', '-r')).code).toBe(2)
    expect((await skein('rm', 'main:a/', '-r', '--dry-run')).out).toBe(
      'main:a/1.txt\nmain:a/2.txt\n',
    )
    expect((await skein('rm', 'main:a/', '-r')).out).toBe('2 deleted\n')
    expect((await skein('rm', 'main:gone.txt')).code).toBe(0)
    expect(JSON.parse((await skein('list', 'main:', '-r', '--json')).out)).toMatchObject({
      objects: [{ key: 'b.txt' }],
    })
  })

  test('takes and gives whole folders', async () => {
    const skein = await newSkein()
    await skein.withInput('one', 'put', '-', 'main:x/1')
    await skein.withInput('two', 'put', '-', 'main:x/y/2')
    expect((await skein('get', '-r', 'main:x/', 'down')).code).toBe(0)
    expect(await readFile(join(skein.folder, 'down/y/2'), 'utf8')).toBe('two')
    expect((await skein('put', 'down', 'main:again')).err).toContain('give --recursive')
    expect((await skein('put', '-r', 'down', 'main:again')).code).toBe(0)
    expect((await skein('get', 'main:again/y/2', '-')).out).toBe('two')
  })

  test('takes the object that stands for the folder itself', async () => {
    const skein = await newSkein()
    await skein('status')
    const platform = { env: {}, fileSystem: true, now: Date.now }
    const store = openStore('file:./skein-data/main', platform)
    for (const key of ['x/', 'x/1']) await store.put(key, key)
    expect(await skein('get', '-r', 'main:x/', 'down')).toMatchObject({ code: 0 })
    expect(await readFile(join(skein.folder, 'down/_'), 'utf8')).toBe('x/')
    expect(await readFile(join(skein.folder, 'down/1'), 'utf8')).toBe('x/1')
  })

  test('takes what comes through a named pipe', async () => {
    const skein = await newSkein()
    const pipe = join(skein.folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [{ code }] = await Promise.all([skein('put', 'pipe', 'main:k'), writeFile(pipe, 'all')])
    expect(code).toBe(0)
    expect((await skein('get', 'main:k', '-')).out).toBe('all')
  })

  test('ends when a file stands where a folder must be', async () => {
    const skein = await newSkein()
    await skein.withInput('x'.repeat(1_000_000), 'put', '-', 'main:k')
    await writeFile(join(skein.folder, 'taken'), '')
    expect((await skein.spawned('get', 'main:k', 'taken/k')).code).toBe(1)
  })

  test('keeps a key from leading out of the folder', async () => {
    const skein = await newSkein()
    await skein.withInput('x', 'put', '-', 'main:p//etc/evil')
    const outcome = await skein('get', '-r', 'main:p/', 'down')
    expect(outcome).toMatchObject({ code: 2 })
    expect(outcome.err).toContain('would lead out of "down"')
  })

  test('creates only when told so, and says so', async () => {
    const skein = await newSkein()
    expect((await skein.withInput('1', 'put', '-', 'main:k', '--if-absent')).code).toBe(0)
    const second = await skein.withInput('2', 'put', '-', 'main:k', '--if-absent')
    expect(second).toMatchObject({ code: 6 })
    expect((await skein('get', 'main:k', '-')).out).toBe('1')
  })

  test('says how it is', async () => {
    const skein = await newSkein()
    const { code, out } = await skein('status', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      stores: ['main', 'second', 'third'].map((store) => {
        return { store, backend: 'A local folder', health: 'ok' }
      }),
    })
  })

  test('signs, and the secret is its owner’s alone', async () => {
    const skein = await newSkein()
    const signed = JSON.parse(
      (await skein('presign', 'put', 'main:k', '--type', 'text/plain', '--json')).out,
    ) as Record<string, unknown>
    expect(signed).toMatchObject({
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
      enforced: ['type'],
    })
    expect((await stat(join(skein.folder, '.skein/signing-secret'))).mode & 0o777).toBe(0o600)
  })
})

describe('what is wrong ends in one sentence and an exit code', () => {
  test.each([
    [['frob'], 2, "unknown command 'frob'"],
    [['list'], 2, "missing required argument 'location'"],
    [['list', 'main:', '--frob'], 2, "unknown option '--frob'"],
    [['list', 'photo:'], 2, 'There is no store "photo": the configuration by default has main'],
    [['list', 's3://'], 2, 'does not name its bucket'],
    [['list', 's3://photos'], 2, 'region'],
    [['get', 'main:none'], 3, '"none"'],
    [['get', 'main:'], 2, 'names a store and no object'],
    [['put', 'none.txt', 'main:'], 2, 'There is no file "none.txt".'],
    [['put', '-', 'main:'], 2, 'Standard input has no name'],
    [
      ['put', '-', 'main:k', '--metadata', 'Bad-Name=1'],
      2,
      'The metadata name "Bad-Name" cannot travel',
    ],
    [
      ['put', '-', 'main:k', '--class', 'COLD'],
      6,
      'cannot store in the class "COLD": it has only one',
    ],
    [['put', '-', 'main:a/../b'], 2, 'has a segment "." or ".."'],
    [['presign', 'get', 'main:k', '--expires', 'soon'], 2, '--expires takes a duration'],
    [['presign', 'get', 'main:k', '--expires', '30d'], 2, 'lives for 1 to 604800 whole seconds'],
    [['presign', 'post', 'main:k'], 2, 'presign signs get, head, put, delete'],
    [['get', 'main:k', '--range', 'all'], 2, '--range takes first-last'],
    [['--config', 'none.yaml', 'status'], 2, 'there is no such file'],
    [['completion', 'tcsh'], 2, 'completion knows bash, zsh and fish'],
  ])('%j', async (args, code, message) => {
    const skein = await newSkein()
    const outcome = await skein(...args)
    expect(outcome.err).toContain(message)
    expect(outcome.err.trim().split('\n').length).toBeLessThanOrEqual(2)
    expect(outcome).toMatchObject({ code, out: '' })
    expect(outcome.err).not.toMatch(/\n\s+at /)
  })

  test('an endpoint that nobody listens at is told within seconds', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'hunter2hunter2' }
    const skein = await newSkein({
      ...keys,
      SKEIN_CONFIG:
        '{"stores":{"far":{"uri":"s3://photos?endpoint=http://127.0.0.1:9","retry":{"attempts":1}}}}',
    })
    const outcome = await skein('list', 'far:')
    expect(outcome.code).toBe(5)
    expect(outcome.err).toMatch(/^skein: .*127\.0\.0\.1:9.*far/)
    expect(outcome.err).not.toContain('hunter2')
  })

  test('with --json the error is JSON too', async () => {
    const skein = await newSkein()
    const { err } = await skein('get', 'main:none', '--json')
    expect(JSON.parse(err)).toMatchObject({ error: { kind: 'not-found' } })
  })
})

describe('config', () => {
  test('set begins a file, checks it, and leaves what it does not touch', async () => {
    const skein = await newSkein({ KEY: 'hunter2' })
    const file = join(skein.folder, 'skein.yaml')
    expect((await skein('config', 'set', 'stores.photos', 'memory:photos')).code).toBe(0)
    await writeFile(file, `# ours\n${await readFile(file, 'utf8')}`)
    expect(
      (
        await skein(
          'config',
          'set',
          'stores.photos',
          '{ uri: "memory:photos", signingSecret: "${KEY}" }',
        )
      ).code,
    ).toBe(0)
    expect(await readFile(file, 'utf8')).toMatch(/^# ours\n/)

    const wrong = await skein('config', 'set', 'stores.photos', 's4://x')
    expect(wrong).toMatchObject({ code: 2 })
    expect(wrong.err).toContain('stores.photos: The scheme "s4:"')
    expect(await readFile(file, 'utf8')).not.toContain('s4')

    const shown = await skein('config', 'show')
    expect(shown.out).toContain('signingSecret: REDACTED')
    expect(shown.out).not.toContain('hunter2')
  })
})

test('as a process of its own it does the same', async () => {
  const skein = await newSkein()
  expect(await skein.spawned('list', 'main:none/', '--json')).toMatchObject({ code: 0 })
  expect(await skein.spawned('get', 'main:none')).toMatchObject({ code: 3, out: '' })
})

describe('help teaches', () => {
  test('every command has a summary, and an example or nothing to say', async () => {
    const skein = await newSkein()
    const { out } = await skein('--help')
    for (const { name } of COMMANDS) expect(out).toContain(name.split(' ')[0])
    const put = await skein('put', '--help')
    expect(put.out).toContain('Examples:')
    expect(put.code).toBe(0)
  })

  test.each(['bash', 'zsh', 'fish'])(
    'completion for %s knows every command and option',
    async (shell) => {
      const skein = await newSkein()
      const { out, code } = await skein('completion', shell)
      expect(code).toBe(0)
      for (const { name } of COMMANDS)
        for (const word of name.split(' ')) expect(out).toContain(word)
      expect(out).toMatch(/(--|-l )if-absent/)
    },
  )
})

test('a table takes any number of rows', () => {
  const rows = Array.from({ length: 300_000 }, () => ['x'])
  expect(table([{ title: 'KEY' }], rows).split('\n')).toHaveLength(300_001)
})

test.each([
  ['gs://photos/tmp//', 'tmp//'],
  ['gs://photos/tmp', 'tmp'],
  ['gs://photos/a%20b/', 'a b/'],
  ['gs://photos//x', '/x'],
  ['gs://photos', ''],
  ['az://acme/photos/x/', 'x/'],
])('the key of %s is what follows the bucket, to the last slash', async (uri, key) => {
  const env = { AZURE_STORAGE_KEY: 'a2V5' }
  const platform = { env, fileSystem: true, now: Date.now }
  const config = await loadConfig('{"stores":{}}', 'here', platform)
  const context: Pick<Context, 'platform' | 'config'> = { platform, config: async () => config }
  expect(await locate(context, uri)).toMatchObject({ key, store: { prefix: '' } })
})
