// Reads the imports of the source, as text: enough for a house where every import is written at the top or
// as `import('…')` with a literal.

import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Import {
  /** As written. */
  specifier: string
  /** The file it leads to, from the root; undefined for a package. */
  file: string | undefined
  kind: 'static' | 'dynamic' | 'type'
}

const STATIC = /^(?:import|export)\s+(type\s+)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm
const DYNAMIC = /import\(\s*'([^']+)'\s*\)/g

export function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .toSorted()
}

export function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found: Import[] = []
  for (const match of text.matchAll(STATIC)) {
    const specifier = match[2] ?? match[3]!
    found.push({ specifier, file: resolve(file, specifier), kind: match[1] ? 'type' : 'static' })
  }
  for (const match of text.matchAll(DYNAMIC)) {
    found.push({ specifier: match[1]!, file: resolve(file, match[1]!), kind: 'dynamic' })
  }
  return found
}

function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#shared/')) return specifier.slice(1)
  if (specifier.startsWith('.')) return normalize(join(dirname(from), specifier))
  return undefined
}

/** Every file that loading this one loads at once. */
export function staticClosure(start: string): Map<string, Import[]> {
  const seen = new Map<string, Import[]>()
  const queue = [start]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue
    const imports = importsOf(file).filter(({ kind }) => kind === 'static')
    seen.set(file, imports)
    queue.push(...imports.flatMap((one) => one.file ?? []))
  }
  return seen
}
