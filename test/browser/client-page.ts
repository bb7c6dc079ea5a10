// Skein's own client in a page, bundled as an application would, and what runs there. Each function is handed
// over as text, so it uses nothing outside of itself.

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import type { createSkeinClient, SkeinClientOptions, UploadOptions } from '#shared/client/client.ts'
import type { CompletedObject } from '#shared/client/protocol.ts'

declare global {
  interface Window {
    skein: { createSkeinClient: typeof createSkeinClient }
  }
}

let bundle: Promise<string> | undefined

export async function loadClient(page: Page): Promise<void> {
  bundle ??= bundleClient()
  await page.addScriptTag({ content: await bundle })
}

async function bundleClient(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../shared/client/client.ts', import.meta.url))],
    ...{ bundle: true, write: false, format: 'iife', globalName: 'skein', logLevel: 'error' },
  })
  return outputFiles[0]!.text
}

export interface ClientFile {
  client: Pick<SkeinClientOptions, 'endpoint' | 'workspace' | 'token' | 'patience'>
  key: string
  type: string
  size: number
  seed: number
  options?: Pick<UploadOptions, 'ifAbsent' | 'concurrency' | 'chunkBytes'> & { resume?: boolean }
}

export interface ClientResult {
  object: CompletedObject
  /** How much had been sent, each time the page was told. */
  sent: number[]
}

/** From the beginning, or from where an earlier page left it. */
export async function uploadByClient(file: ClientFile): Promise<ClientResult> {
  const { client, key, type, size, seed, options } = file
  const bytes = await (await fetch(`/bytes?size=${size}&seed=${seed}`)).blob()
  // The time of the file is how it is known again.
  const whole = new File([bytes], 'film', { type, lastModified: 1 })
  const sent: number[] = []
  const onProgress: UploadOptions['onProgress'] = ({ sentBytes }) => sent.push(sentBytes)
  const own = window.skein.createSkeinClient(client)
  return { object: await own.upload(key, whole, { ...options, onProgress }), sent }
}
