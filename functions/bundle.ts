// What a bundle loads, by esbuild's own account of it: which files come at once, which packages are in them,
// and how much that is.

import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Metafile } from 'esbuild'

export type Outputs = Metafile['outputs']

export interface Bundle {
  folder: string
  /** What the outputs' paths are relative to. */
  root: string
  outputs: Outputs
  /** The outputs that a platform loads by name. */
  entries: readonly string[]
}

/** The entry and all that it imports before its first line runs. */
export function loadedAtOnce(outputs: Outputs, entry: string): string[] {
  const files = new Set([entry])
  for (const file of files) {
    for (const { path, kind, external } of outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && !external) files.add(path)
    }
  }
  return [...files]
}

/** The npm packages that these files hold code of. */
export function packagesIn(outputs: Outputs, files: readonly string[]): Set<string> {
  const inputs = files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))
  return new Set(inputs.flatMap((input) => packageOf(input) ?? []))
}

function packageOf(input: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]
}

/** One line for each entry: what a cold start loads, and what there is in all. */
export async function describeSizes({ root, outputs, entries }: Bundle): Promise<string[]> {
  const all = Object.keys(outputs).filter((file) => !file.endsWith('.map'))
  const total = await sizeOf(root, all)
  const lines = entries.map(async (entry) => {
    const size = await sizeOf(root, loadedAtOnce(outputs, entry))
    return `${basename(entry).padEnd(12)} ${size} at once, of ${total}`
  })
  return Promise.all(lines)
}

async function sizeOf(root: string, files: readonly string[]): Promise<string> {
  const contents = await Promise.all(files.map((file) => readFile(join(root, file))))
  const gzipped = await Promise.all(contents.map((content) => promisify(gzip)(content)))
  return `${kilobytes(contents)} (${kilobytes(gzipped)} gzipped)`
}

function kilobytes(contents: readonly Uint8Array[]): string {
  const bytes = contents.reduce((sum, { length }) => sum + length, 0)
  return `${(bytes / 1000).toFixed(0)} KB`
}
