// A workerd that holds the suite, built as a Worker is deployed: the same bundler, conditions and aliases.
// One process for a test file; each case is one request to it.

import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { MiniflareOptions } from 'miniflare'
import { Miniflare } from 'miniflare'
import { workerBundling } from '../../functions/cloudflare/bundling.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'

export interface CaseRequest {
  description: StoreDescription
  title: string
}

export type CaseOutcome =
  | { passed: true }
  | { passed: false; message: string; stack?: string | undefined }

export interface SuiteWorker {
  run(description: StoreDescription, title: string): Promise<void>
  stop(): Promise<void>
}

/** Not later than the one that the installed workerd was built with. */
export const COMPATIBILITY_DATE = '2026-07-30'

export async function startSuiteWorker(r2Buckets: readonly string[]): Promise<SuiteWorker> {
  const options: MiniflareOptions = {
    ...(await bundleWorker('test/workerd/suite-worker.ts')),
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: ['nodejs_compat'],
    r2Buckets: [...r2Buckets],
    r2Persist: false,
    handleRuntimeStdio: () => undefined,
  }
  const worker = new Miniflare(options)
  await worker.ready
  return {
    async run(description, title) {
      const body = JSON.stringify({ description, title } satisfies CaseRequest)
      const answer = await worker.dispatchFetch('http://suite/', { method: 'POST', body })
      const outcome = (await answer.json()) as CaseOutcome
      if (outcome.passed) return
      const error = new Error(outcome.message)
      if (outcome.stack !== undefined) error.stack = outcome.stack
      throw error
    },
    stop: () => worker.dispose(),
  }
}

/** In memory, so that runs do not meet on the disk. */
export async function bundleWorker(entry: string) {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const outdir = join(root, 'dist/suite')
  const { outputFiles } = await build({
    ...workerBundling(root),
    absWorkingDir: root,
    entryPoints: { worker: entry },
    outdir,
    write: false,
    logLevel: 'error',
  })
  // Miniflare takes the first one for the Worker itself.
  const isEntry = (path: string): number => Number(path === join(outdir, 'worker.js'))
  const files = outputFiles.toSorted((a, b) => isEntry(b.path) - isEntry(a.path))
  const modules = files.map(({ path, text, contents }) =>
    path.endsWith('.wasm')
      ? { type: 'CompiledWasm' as const, path, contents }
      : { type: 'ESModule' as const, path, contents: text },
  )
  return { modules, modulesRoot: outdir }
}
