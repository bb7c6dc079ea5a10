// The package as its users get it: packed, unpacked into an empty project, checked by TypeScript, bundled for a
// browser, and run in Node.

import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { build } from 'esbuild'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { scratchFolder } from '../targets/built.ts'
import type { Ran } from '../targets/command.ts'
import { runCommand } from '../targets/command.ts'
import { startSkein } from './skein.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MOST_BYTES = 10_000

const APP = `
import { SkeinError, createSkeinClient } from 'skein/client'
import type { CompletedObject, SkeinClient, UploadPlan, UploadProgress } from 'skein/client'

const [endpoint = '', token = ''] = process.argv.slice(2)
const client: SkeinClient = createSkeinClient({ endpoint, token, workspace: 'app' })
const seen: UploadProgress[] = []
const object: CompletedObject = await client.upload('packed', new Uint8Array(3000), {
  onProgress: (progress) => seen.push(progress),
})
const method: UploadPlan['method'] = 'put'
const refused = await client.describe('nowhere').catch((error: unknown) => error)
console.log(JSON.stringify({
  size: object.size,
  sent: seen.at(-1)?.sentBytes,
  method,
  kind: refused instanceof SkeinError && refused.kind,
}))
`

const COMPILER = {
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.iterable'],
  strict: true,
  skipLibCheck: false,
  noEmit: true,
  types: [],
}

const TIME_LIMIT_MS = 120_000

describe('the package', { timeout: TIME_LIMIT_MS }, () => {
  let project: string
  let packed: string

  beforeAll(async () => {
    const folder = await scratchFolder()
    // Declared, since the project has no types but the package's.
    const world = 'declare const process: { argv: string[] }\n'
    const npm = ['pack', ROOT, '--pack-destination', folder, '--offline', '--loglevel=error']
    await ran('npm', npm, ROOT)
    const [tarball = ''] = await readdir(folder)
    project = join(folder, 'app')
    packed = join(project, 'node_modules', 'skein')
    await mkdir(packed, { recursive: true })
    const tar = ['-xzf', join(folder, tarball), '-C', packed, '--strip-components=1']
    await ran('tar', tar, folder)
    await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }))
    await writeFile(join(project, 'app.ts'), APP)
    await writeFile(join(project, 'process.d.ts'), world)
  }, TIME_LIMIT_MS)

  it('holds what is built, and none of the source', async () => {
    const files = (await readdir(packed, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(packed.length + 1))
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']))
    const rest = files.filter((file) => file.includes('/'))
    expect(rest.filter((file) => !/^dist\/(client|node)\//.test(file))).toEqual([])
    const kinds = new Set(rest.map((file) => file.slice(file.indexOf('.'))))
    expect([...kinds].toSorted()).toEqual(['.css', '.d.ts', '.html', '.js', '.mjs'])
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('has declarations that hold by themselves (%s, %s)', async (module, moduleResolution) => {
    const compilerOptions = { ...COMPILER, module, moduleResolution }
    const config = { compilerOptions, files: ['app.ts', 'process.d.ts'] }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config))
    const { out } = await ran('tsc', ['-p', '.'], project)
    expect(out).toBe('')
  })

  it('is small, and needs nothing else', async () => {
    const { metafile, outputFiles } = await build({
      stdin: { contents: "export * from 'skein/client'", resolveDir: project },
      ...{ bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022' },
      ...{ write: false, metafile: true, logLevel: 'silent' },
    })
    const inputs = Object.keys(metafile.inputs).filter((input) => input !== '<stdin>')
    expect(inputs).toHaveLength(1)
    const { length } = await promisify(gzip)(outputFiles[0]!.contents)
    expect(length).toBeLessThan(MOST_BYTES)
    const { dependencies } = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const code = outputFiles[0]!.text
    expect(Object.keys(dependencies).filter((name) => code.includes(`"${name}"`))).toEqual([])
  })

  it('uploads from Node', async () => {
    const skein = await startSkein(inject('servers'), 'folder')
    const { out } = await ran(process.execPath, ['app.ts', skein.url, skein.token], project)
    await skein.close()
    expect(JSON.parse(out)).toEqual({ size: 3000, sent: 3000, method: 'put', kind: 'not-found' })
  })

  it('has the command line', async () => {
    const { out } = await ran(
      process.execPath,
      [join(packed, 'dist/node/cli.mjs'), 'capabilities'],
      project,
    )
    expect(out).toContain('Azure Blob')
  })
})

async function ran(command: string, args: string[], cwd: string): Promise<Ran> {
  const PATH = `${join(ROOT, 'node_modules', '.bin')}:${process.env['PATH']}`
  const env = { ...process.env, PATH, npm_config_update_notifier: 'false' }
  const done = await runCommand({ command, args, cwd, env })
  expect(done.code, `${command}: ${done.error}${done.out}`).toBe(0)
  return done
}
