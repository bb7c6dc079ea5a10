// `skein verify` and `skein status` over folders: what is wrong is told and mended, the exit code says so, reports are
// checked offline, and what cannot be is refused before anything is looked at.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newSkein } from './skein.ts'

/** Seven command lines, on a machine that may be busy. */
const SLOW = { timeout: 30_000 }
const SECRET = 'a secret of at least thirty-two characters'

async function open() {
  const skein = await newSkein()
  for (const store of ['main', 'west', 'east']) {
    await mkdir(join(skein.folder, store))
    for (const name of ['a', 'b', 'c'])
      await writeFile(join(skein.folder, store, name), `body of ${name}`)
  }
  const folder = (name: string) => `file:${join(skein.folder, name)}`
  const config = {
    stores: { main: folder('main'), west: folder('west'), east: folder('east') },
    workspaces: {
      app: { primary: 'main', replicas: ['west', 'east'], integrity: { repair: 'ask', budget: 2 } },
    },
    secrets: [SECRET],
  }
  await writeFile(join(skein.folder, 'skein.json'), JSON.stringify(config))
  return skein
}

interface Told {
  report: {
    state: string
    findings: { kind: string; store: string; key: string }[]
    same: { bytes: number }
  }
  signature: { publicKey: string }
}

test(
  'a healthy workspace is told so, and one that is not comes out with 1 until it is mended',
  SLOW,
  async () => {
    const skein = await open()
    const well = await skein('verify', 'app', '--deep', '--settle', '1ms', '--json')
    expect(well.code).toBe(0)
    const { report } = JSON.parse(well.out) as Told
    expect(report).toMatchObject({ state: 'healthy', findings: [], same: { bytes: 6 } })
    await writeFile(join(skein.folder, 'west/b'), 'body of x')
    await rm(join(skein.folder, 'east/c'))
    const ill = await skein('verify', 'app', '--deep', '--settle', '1ms', '--save', 'sweep.json')
    expect(ill.code).toBe(1)
    expect(ill.out).toMatch(/corrupt +west +b/)
    expect(ill.out).toMatch(/missing +east +c/)
    const status = await skein('status', 'app')
    expect(status.code).toBe(1)
    expect(status.out).toContain('degraded')
    expect(status.out).toContain('Mend it: skein verify app --deep --repair.')
    const mended = await skein('verify', 'app', '--deep', '--settle', '1ms', '--repair')
    expect(mended.code).toBe(0)
    expect(await readFile(join(skein.folder, 'west/b'), 'utf8')).toBe('body of b')
    expect(await readFile(join(skein.folder, 'east/c'), 'utf8')).toBe('body of c')
    expect((await skein('status', 'app')).code).toBe(0)
  },
)

test('a report is checked without a configuration, and one that was changed is refused', async () => {
  const skein = await open()
  const swept = await skein('verify', 'app', '--settle', '1ms', '--save', 'sweep.json', '--json')
  const { signature } = JSON.parse(swept.out) as Told
  await rm(join(skein.folder, 'skein.json'))
  const right = await skein('verify', '--report', 'sweep.json', '--key', signature.publicKey)
  expect(right.code).toBe(0)
  expect(right.out).toContain(`by ${signature.publicKey}`)
  const other = await skein('verify', '--report', 'sweep.json', '--key', 'AAAA')
  expect([other.code, other.out]).toEqual([1, expect.stringContaining('another key') as string])
  const text = await readFile(join(skein.folder, 'sweep.json'), 'utf8')
  await writeFile(join(skein.folder, 'sweep.json'), text.replace('"objects": 3', '"objects": 4'))
  const changed = await skein('verify', '--report', 'sweep.json')
  expect([changed.code, changed.out]).toEqual([
    1,
    expect.stringContaining('changed after') as string,
  ])
})

test('a report is written as a page, of a sweep or of a file that holds', SLOW, async () => {
  const skein = await open()
  await rm(join(skein.folder, 'east/c'))
  const swept = ['--settle', '1ms', '--html', 'now.html', '--save', 'sweep.json']
  expect((await skein('verify', 'app', ...swept)).code).toBe(1)
  const page = (name: string) => readFile(join(skein.folder, name), 'utf8')
  expect(await page('now.html')).toContain('<td>missing</td><td>east</td><td>c</td>')
  const later = await skein('verify', '--report', 'sweep.json', '--html', 'later.html')
  expect(later.code).toBe(0)
  expect(await page('later.html')).toBe(await page('now.html'))
  const text = await page('sweep.json')
  await writeFile(join(skein.folder, 'sweep.json'), text.replace('"objects": 3', '"objects": 4'))
  const changed = await skein('verify', '--report', 'sweep.json', '--html', 'changed.html')
  expect(changed.code).toBe(1)
  await expect(page('changed.html')).rejects.toThrow('ENOENT')
})

test('two places need no configuration, and one is held against its own digests', async () => {
  const skein = await open()
  await writeFile(join(skein.folder, 'west/a'), 'another body')
  const two = await skein('verify', 'main:', 'west:', '--deep')
  expect([two.code, two.out]).toEqual([1, expect.stringMatching(/differs +west +a/) as string])
  expect((await skein('verify', 'file:./main', 'file:./east', '--deep')).code).toBe(0)
  expect((await skein('verify', 'main:')).code).toBe(0)
})

test('the plan is told before anything is read', async () => {
  const skein = await open()
  const plan = await skein('verify', 'app', '--coverage', '30d', '--budget', '2', '--plan')
  expect(plan.code).toBe(0)
  expect(plan.out).toContain('3 objects')
  expect(plan.out).toContain('which 2.00 USD a day allow')
})

test('what cannot be is refused', async () => {
  const skein = await open()
  const refused = async (...args: string[]) => {
    const { code, err } = await skein('verify', ...args)
    expect(code).toBe(2)
    return err
  }
  expect(await refused('app', '--budget', '2')).toContain('add --deep')
  expect(await refused('app', '--deep', '--budget', 'much')).toContain('US dollars')
  expect(await refused('app', '--coverage', '30')).toContain('no duration')
  expect(await refused('app', '--since', 'then')).toContain('a date')
  expect(await refused('main:', 'west:', 'east:')).toContain('one store or two')
  expect(await refused('nowhere')).toContain('There is no store "nowhere"')
  expect(await refused('--report', 'none.json')).toContain('There is no file')
})
