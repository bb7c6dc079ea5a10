// What browsers load: the client as a package's users import it, one file with its declarations, and the page
// of the local process as one script beside its document.

import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BuildOptions } from 'esbuild'
import { build } from 'esbuild'
import type { Bundle } from './bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const BROWSER: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  // Whatever runs it: it asks for nothing that only one side has.
  platform: 'neutral',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
}

export async function buildClient(folder = `${root}dist/client`): Promise<Bundle> {
  await rm(folder, { recursive: true, force: true })
  const { metafile } = await build({
    ...BROWSER,
    entryPoints: { client: 'shared/client/client.ts' },
    outdir: folder,
    metafile: true,
  })
  await declare(folder)
  return { folder, root, outputs: metafile.outputs, entries: Object.keys(metafile.outputs) }
}

async function declare(folder: string): Promise<void> {
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const args = [tsc, '-p', `${root}shared/client/tsconfig.json`, '--outDir', folder]
  await promisify(execFile)(process.execPath, args)
}

/** Beside the server's bundle, where it looks for it. */
export async function buildPage(folder: string): Promise<void> {
  const source = `${root}functions/node/page`
  await build({
    ...BROWSER,
    platform: 'browser',
    entryPoints: { page: `${source}/page.ts` },
    outdir: folder,
  })
  for (const name of ['index.html', 'page.css']) await cp(`${source}/${name}`, `${folder}/${name}`)
}
