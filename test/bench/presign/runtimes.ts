// Where a batch is signed: in this process, or in workerd. Both answer in the seconds that it took.

import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { median } from '../report.ts'
import { openOurs } from './ours.ts'
import { openS3Peers } from './s3-peers.ts'
import { openSdkPeers } from './sdk-peers.ts'
import type { Keys, Side } from './work.ts'
import { signMany } from './work.ts'

export interface Runtime {
  name: 'node' | 'workerd'
  has(side: string): boolean
  seconds(side: string, count: number, inFlight: number): Promise<number>
  /** One URL, to see that all sides do the same work. */
  sample(side: string): Promise<string>
  close(): Promise<void>
}

export function openNode(keys: Keys): Runtime {
  const open = [...openOurs(keys), ...openS3Peers(keys), ...openSdkPeers(keys)]
  const sides = new Map(open.map((side) => [`${side.group}.${side.name}`, side]))
  const sideOf = (name: string): Side => {
    const side = sides.get(name)
    if (!side) throw new Error(`no such side: ${name}`)
    return side
  }
  return {
    name: 'node',
    has: (side) => sides.has(side),
    async seconds(side, count, inFlight) {
      const started = performance.now()
      await signMany(sideOf(side), count, inFlight)
      return (performance.now() - started) / 1000
    },
    sample: async (side) => sideOf(side).sign('uploads/sample.png'),
    close: async () => {},
  }
}

export async function openWorkerd(keys: Keys): Promise<Runtime> {
  const miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: await bundleWorker() }],
    compatibilityDate: '2026-07-30',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { KEYS: { ...keys } },
  })
  const ask = async (side: string, count: number, inFlight: number): Promise<string> => {
    const query = new URLSearchParams({ side, count: String(count), inFlight: String(inFlight) })
    const answer = await miniflare.dispatchFetch(`http://bench/?${query}`)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`workerd: ${answer.status} ${text}`)
    return text
  }
  const timed = async (side: string, count: number, inFlight: number): Promise<number> => {
    const started = performance.now()
    await ask(side, count, inFlight)
    return (performance.now() - started) / 1000
  }
  return {
    name: 'workerd',
    has: (side) => !IN_NODE_ALONE.has(side),
    async seconds(side, count, inFlight) {
      const empty: number[] = []
      for (let i = 0; i < 3; i++) empty.push(await timed(side, 0, inFlight))
      return (await timed(side, count, inFlight)) - median(empty)
    },
    sample: (side) => ask(side, 1, 1),
    close: () => miniflare.dispose(),
  }
}

/** Azure's browser build, which a plain Worker bundle takes, does not sign, and Google's SDK does not start in one. */
const IN_NODE_ALONE = new Set(['gcs_rsa.sdk', 'azure.sdk'])

/** Drivers and credential chains are imported when first used, which here is never. */
const leaveDynamicImports: Plugin = {
  name: 'leave-dynamic-imports',
  setup(building) {
    building.onResolve({ filter: /./ }, ({ kind, path, importer }) =>
      kind === 'dynamic-import' && importer.includes('/shared/') ? { path, external: true } : null,
    )
  },
}

async function bundleWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['node:*'],
    plugins: [leaveDynamicImports],
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
