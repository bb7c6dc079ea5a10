import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHECKED_VARIABLE, readChecked } from '#shared/config/checked.ts'
import type { Skein } from './skein.ts'
import { newSkein } from './skein.ts'

const CONFIG = { stores: { photos: { uri: 's3://photos?region=${REGION}', accessKeyId: 'a' } } }
const RIGHT = {
  SKEIN_CONFIG: JSON.stringify({
    stores: { photos: { ...CONFIG.stores.photos, secretAccessKey: 'never-shown' } },
  }),
  SKEIN_SECRET: 's'.repeat(32),
  REGION: 'eu-west-1',
}

async function prepare(skein: Skein, variables: unknown) {
  const file = join(skein.folder, 'secrets.json')
  await writeFile(file, typeof variables === 'string' ? variables : JSON.stringify(variables))
  const outcome = await skein('config', 'prepare', 'secrets.json')
  return { ...outcome, text: await readFile(file, 'utf8') }
}

test('puts what the check came to beside the variables, and again after a change', async () => {
  const skein = await newSkein()
  const first = await prepare(skein, RIGHT)
  expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: '' })
  expect(first.out).toContain('The configuration is right')
  expect(first.out).not.toContain('never-shown')
  const prepared = JSON.parse(first.text) as Record<string, string>
  expect(prepared).toEqual({ ...RIGHT, [CHECKED_VARIABLE]: expect.any(String) })
  expect(readChecked(prepared)?.stores.get('photos')?.uri).toBe('s3://photos?region=eu-west-1')

  const changed = { ...prepared, REGION: 'eu-west-2' }
  expect(readChecked(changed)).toBeUndefined()
  const again = JSON.parse((await prepare(skein, changed)).text) as Record<string, string>
  expect(readChecked(again)?.stores.get('photos')?.uri).toBe('s3://photos?region=eu-west-2')
})

test('leaves out what Cloudflare would not take, and says that it is slower', async () => {
  const skein = await newSkein()
  const stores = Array.from({ length: 40 }, (_, i) => [
    `store-${i}`,
    `r2://account/b${i}?binding=B`,
  ])
  const many = { SKEIN_CONFIG: JSON.stringify({ stores: Object.fromEntries(stores) }) }
  const { code, out, text } = await prepare(skein, { ...many, [CHECKED_VARIABLE]: 'an old one' })
  expect(code).toBe(0)
  expect(out).toContain('the Worker will check for itself')
  expect(JSON.parse(text)).toEqual(many)
})

test.each([
  ['a wrong configuration', { SKEIN_CONFIG: '{"stores": {"a": "s4://b"}}' }, /s4:/],
  ['a variable that is not there', { SKEIN_CONFIG: JSON.stringify(CONFIG) }, /REGION is not set/],
  ['folders', { SKEIN_CONFIG: '{"stores": {"a": "file:./a"}}' }, /folder/i],
  ['no configuration', {}, /not set/],
  ['what is no JSON', 'SKEIN_CONFIG={}', /JSON object of texts/],
  ['what holds more than texts', { SKEIN_CONFIG: {} }, /JSON object of texts/],
])('refuses %s, and writes nothing', async (_, variables, told) => {
  const { code, err, text } = await prepare(await newSkein(), variables)
  expect(code).toBe(2)
  expect(err).toMatch(told)
  expect(text).toBe(typeof variables === 'string' ? variables : JSON.stringify(variables))
})

test('says that there is no such file', async () => {
  const { code, err } = await (await newSkein())('config', 'prepare', 'none.json')
  expect(code).toBe(2)
  expect(err).toContain('There is no file none.json.')
})
