import { expect, test } from 'vitest'
import { createAuthenticate } from '#shared/access/authenticate.ts'
import { loadConfig, parseText } from '#shared/config/config.ts'
import { newSkein } from './skein.ts'

const PLATFORM = { env: {}, fileSystem: true, now: Date.now }
const ONE_WORKSPACE = 'stores:\n  a: memory:a\nworkspaces:\n  app: { primary: a }'
const CALL = ['token', '--name', 'ci', '--workspace', 'app', '--scopes', 'upload,download']

test('what it prints for the configuration lets the token in, and holds nothing of it', async () => {
  const skein = await newSkein()
  const { code, out, err } = await skein(...CALL, '--prefix', 'builds/', '--expires', '90d')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const [token = '', ...rest] = out.split('\n')
  expect(token).toMatch(/^skein_[A-Za-z0-9_-]{43}$/)
  const yaml = rest.slice(rest.indexOf('access:')).join('\n')
  expect(yaml).not.toContain(token.slice('skein_'.length))

  const config = await loadConfig(`${ONE_WORKSPACE}\n${yaml}`, 'here', PLATFORM)
  const who = await createAuthenticate(config.access, Date.now)(`Bearer ${token}`)
  expect(who).toMatchObject({ name: 'ci', workspaces: ['app'], prefix: 'builds/' })
  expect([...who.scopes]).toEqual(['upload', 'download'])
  const later = () => Date.now() + 91 * 86_400_000
  expect(() => createAuthenticate(config.access, later)(`Bearer ${token}`)).toThrow(/expired/)
})

test('each is another, and --json gives token and entry apart', async () => {
  const skein = await newSkein()
  const made = [await skein(...CALL, '--json'), await skein(...CALL, '--json')]
  const tokens = await Promise.all(
    made.map(async ({ out }) => (await parseText(out, 'here')) as { token: string; entry: object }),
  )
  expect(tokens[0]!.token).not.toBe(tokens[1]!.token)
  expect(tokens[0]!.entry).toEqual({
    name: 'ci',
    hash: expect.stringMatching(/^sha256:[A-Za-z0-9_-]{43}$/),
    workspaces: ['app'],
    scopes: ['upload', 'download'],
  })
})

test.each([
  ['no name', ['--workspace', 'app', '--scopes', 'upload'], /--name is missing/],
  ['no workspace', ['--name', 'ci', '--scopes', 'upload'], /--workspace is missing/],
  ['no such scope', ['--name', 'ci', '--workspace', 'a', '--scopes', 'uplod'], /no scope "uplod"/],
  ['a time gone by', [...CALL.slice(1), '--expires', '2020-01-01'], /no time to come/],
  ['no time at all', [...CALL.slice(1), '--expires', 'soon'], /no time to come/],
])('%s is said', async (_, args, sentence) => {
  const skein = await newSkein()
  const { code, out, err } = await skein('token', ...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(sentence)
})
