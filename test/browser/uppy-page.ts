// Uppy in a page: its own core and its own S3 plugin, bundled as an application would, and what runs there.
// Each function is handed over as text, so it uses nothing outside of itself.

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import type AwsS3 from '@uppy/aws-s3'
import type { AwsBody } from '@uppy/aws-s3'
import type Uppy from '@uppy/core'

type Meta = Record<string, never>

declare global {
  interface Window {
    uppy: { Uppy: typeof Uppy<Meta, AwsBody>; AwsS3: typeof AwsS3<Meta, AwsBody> }
  }
}

const APPLICATION = `
export { default as Uppy } from '@uppy/core'
export { default as AwsS3 } from '@uppy/aws-s3'
`

let bundle: Promise<string> | undefined

export async function loadUppy(page: Page): Promise<void> {
  bundle ??= bundleUppy()
  await page.addScriptTag({ content: await bundle })
}

async function bundleUppy(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: APPLICATION, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    ...{ bundle: true, write: false, format: 'iife', globalName: 'uppy', logLevel: 'error' },
  })
  return outputFiles[0]!.text
}

export interface UppyFile {
  endpoint: string
  name: string
  type: string
  size: number
  seed: number
  multipart: boolean
  meta?: Record<string, unknown>
  /** Asks what became of it, as an application may, and takes the answer for Uppy's own. */
  finish?: boolean
  /** Goes on where the page was when it was left. */
  resume?: boolean
}

export interface UppyResult {
  body: AwsBody | undefined
  error: string | undefined
  progress: { uploaded: number; total: number | null }[]
  parts: number[]
}

export async function uploadByUppy(file: UppyFile): Promise<UppyResult> {
  const { endpoint, name, type, size, seed, multipart, meta = {}, resume, finish } = file
  const { Uppy, AwsS3 } = window.uppy
  const data = await (await fetch(`/bytes?size=${size}&seed=${seed}`)).blob()
  const progress: UppyResult['progress'] = []
  const parts: number[] = []
  const uppy = new Uppy()
  uppy.use(AwsS3, { companionEndpoint: endpoint, shouldUseMultipart: multipart })
  uppy.on('upload-progress', (_, { bytesUploaded, bytesTotal }) => {
    progress.push({ uploaded: bytesUploaded, total: bytesTotal })
  })
  uppy.on('s3-multipart:part-uploaded', (_, { PartNumber }) => parts.push(PartNumber))
  if (finish) {
    uppy.addPostProcessor(async (ids) => {
      for (const one of uppy.getFilesByIds(ids)) {
        const answer = await fetch(`${endpoint}/s3/done`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ key: one.response?.body?.key }),
        })
        if (!answer.ok) throw new Error(await answer.text())
        const body = (await answer.json()) as AwsBody
        uppy.setFileState(one.id, { response: { ...one.response!, body } })
      }
    })
  }
  const id = uppy.addFile({ name, type, data, meta: meta as Meta })
  const kept = resume && sessionStorage.getItem('upload')
  if (kept) uppy.setFileState(id, JSON.parse(`{"s3Multipart":${kept}}`))
  const { failed = [] } = (await uppy.upload()) ?? {}
  const error = failed[0]?.error ?? undefined
  return { body: uppy.getFile(id).response?.body, error, progress, parts }
}

/** Begins, and keeps what Uppy knows when the first part is there, as its Golden Retriever does. */
export async function beginByUppy(file: UppyFile): Promise<void> {
  const { endpoint, name, type, size, seed } = file
  const { Uppy, AwsS3 } = window.uppy
  const data = await (await fetch(`/bytes?size=${size}&seed=${seed}`)).blob()
  const uppy = new Uppy()
  uppy.use(AwsS3, { companionEndpoint: endpoint, shouldUseMultipart: true })
  const id = uppy.addFile({ name, type, data })
  const half = new Promise<void>((resolve) => {
    uppy.on('s3-multipart:part-uploaded', () => resolve())
  })
  void uppy.upload()
  await half
  uppy.pauseAll()
  const { s3Multipart } = uppy.getFile(id) as { s3Multipart?: unknown }
  sessionStorage.setItem('upload', JSON.stringify(s3Multipart))
}
