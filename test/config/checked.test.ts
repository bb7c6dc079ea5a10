// A configuration that was checked ahead is the very one that a check would give, and holds for nothing but what
// was looked at.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkAhead } from '#shared/config/check-ahead.ts'
import { CHECKED_VARIABLE, readChecked } from '#shared/config/checked.ts'
import { EDITION } from '#shared/config/edition.ts'
import { findConfig } from '#shared/config/find.ts'
import { ConfigError } from '#shared/config/problems.ts'
import { parseStoreUri } from '#shared/storage/address.ts'

type Variables = Record<string, string>

const README = readFileSync(new URL('../../shared/config/README.md', import.meta.url), 'utf8')
/** The whole configuration of the page, which names a file of prices only in a comment. */
const WHOLE = /```yaml\n([^]*?)```/.exec(README)?.[1] ?? ''

const SHORT = `{"stores": {"photos": {"uri": "s3://photos?region=\${REGION}", "accessKeyId": "a",
  "secretAccessKey": "\${KEY:-b}"}}, "workspaces": {"app": {"primary": "photos"}}}`
const VARIABLES = { SKEIN_CONFIG: SHORT, REGION: 'eu-west-1', SKEIN_SECRET: 's'.repeat(32) }

function asWorker(env: Variables) {
  return { env, fileSystem: false, now: Date.now }
}

async function prepared(variables: Variables): Promise<Variables> {
  return { ...variables, [CHECKED_VARIABLE]: await checkAhead(variables) }
}

describe('a configuration that was checked ahead', () => {
  test.each([
    ['of a few settings', VARIABLES],
    [
      'with every setting there is',
      {
        SKEIN_CONFIG: WHOLE,
        AZURE_STORAGE_CONNECTION_STRING:
          'DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.windows.net',
        B2_KEY_ID: 'id',
        B2_KEY: 'key',
        SKEIN_HOOK_SECRET: 'h'.repeat(32),
        SKEIN_SECRET: 's'.repeat(32),
        AWS_ACCESS_KEY_ID: 'id',
        AWS_SECRET_ACCESS_KEY: 'secret',
      },
    ],
  ])('is what the check gives: %s', async (_, variables) => {
    const { stores, ...checked } = readChecked(await prepared(variables))!
    const { stores: given, ...found } = await findConfig(asWorker(variables))
    expect(checked).toEqual(found)
    const opened = [...given].map(([name, store]) => [
      name,
      { ...store, address: parseStoreUri(store.uri) },
    ])
    expect([...stores]).toEqual(opened)
  })

  test('is refused ahead for what would be refused there', async () => {
    const wrong = { SKEIN_CONFIG: '{"stores": {"here": "file:./data"}, "prices": "prices.yaml"}' }
    await expect(checkAhead(wrong)).rejects.toThrow(ConfigError)
    await expect(checkAhead(wrong)).rejects.toThrow(/prices/)
    await expect(checkAhead({})).rejects.toThrow(/not set/)
    const short = { ...VARIABLES, SKEIN_SECRET: 'short' }
    await expect(checkAhead(short)).rejects.toThrow(/SKEIN_SECRET/)
  })
})

describe('it holds for nothing else:', () => {
  const edits: [string, (env: Variables) => Variables][] = [
    ['none was made', (env) => without(env, CHECKED_VARIABLE)],
    ['an empty one', (env) => ({ ...env, [CHECKED_VARIABLE]: '' })],
    [
      'another configuration',
      (env) => ({ ...env, SKEIN_CONFIG: SHORT.replace('photos', 'images') }),
    ],
    ['a space more in it', (env) => ({ ...env, SKEIN_CONFIG: `${SHORT} ` })],
    ['another value of a variable', (env) => ({ ...env, REGION: 'eu-west-2' })],
    ['a variable that was not set', (env) => ({ ...env, KEY: 'c' })],
    ['one that was not set, and is empty', (env) => ({ ...env, KEY: '' })],
    ['one that a store looks for', (env) => ({ ...env, AWS_REGION: 'us-east-1' })],
    ['another secret', (env) => ({ ...env, SKEIN_SECRET: 't'.repeat(32) })],
    ['a variable gone', (env) => without(env, 'REGION')],
    ['another edition of the program', (env) => edited(env, EDITION, `${EDITION}x`)],
    ['a name less', (env) => edited(env, ',SKEIN_SECRET', '')],
    ['a rule that was edited', (env) => edited(env, '"minBytes":0', '"minBytes":1')],
    ['its end cut off', (env) => edited(env, /.$/, '')],
  ]

  function without(env: Variables, name: string): Variables {
    return Object.fromEntries(Object.entries(env).filter(([one]) => one !== name))
  }

  function edited(env: Variables, from: string | RegExp, to: string): Variables {
    const checked = env[CHECKED_VARIABLE] ?? ''
    const changed = checked.replace(from, to)
    expect(changed).not.toBe(checked)
    return { ...env, [CHECKED_VARIABLE]: changed }
  }

  test.each(edits)('%s', async (_, edit) => {
    const env = await prepared(VARIABLES)
    expect(readChecked(env)).toBeDefined()
    expect(readChecked(edit(env))).toBeUndefined()
  })

  test('and is not disturbed by what was not looked at', async () => {
    expect(readChecked({ ...(await prepared(VARIABLES)), OTHER: 'x' })).toBeDefined()
  })
})
