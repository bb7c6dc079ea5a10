// How much code there is, as it travels: each file gzipped by itself.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Bundle } from '../../../functions/bundle.ts'

/** Of files as the bundle's outputs name them. */
export async function kilobytesGzipped(
  { root }: Bundle,
  files: readonly string[],
): Promise<number> {
  const sizes = files.map(async (file) => {
    const { length } = await promisify(gzip)(await readFile(join(root, file)))
    return length
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1000
}

export function codeOf({ outputs }: Bundle): string[] {
  return Object.keys(outputs).filter((file) => !file.endsWith('.map'))
}
