// Uploads in parts: each has a folder of its own with what was said at its beginning and one file a part,
// replaced in one step when the part is sent again. Completion joins them into an unfinished file, which is
// put in place like any other.

import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import type { Checksum, MultipartDriver, ObjectProperties, Part } from '../../contract.ts'
import { unknownUpload, wrongPart } from '../refusals.ts'
import { READ_HERE, look, stampFile, stampOf, syncFolder, writeDurably } from './durable.ts'
import { hasCode, unless, withFaults } from './faults.ts'
import type { Folder } from './folder.ts'
import { streamFile } from './reading.ts'
import { bytesOf, fill, sizeOf, unfinished, writeBytes } from './writing.ts'

const PAGE = 1000
const MANIFEST = 'upload.json'
const UPLOAD_ID = /^[0-9a-f]{32}$/
const PART_NAME = /^\d{5}$/

interface Manifest {
  key: string
  begun: string
  properties: ObjectProperties
}

export function partsGroup(folder: Folder): MultipartDriver {
  const { store, own } = folder
  return {
    begin: (key, { signal, mode: _mode, ...properties }) =>
      withFaults(store, key, async () => {
        signal.throwIfAborted()
        folder.steps(key)
        return begin(folder, { key, begun: new Date().toISOString(), properties })
      }),

    part: (key, uploadId, partNumber, content, { checksum, signal }) =>
      withFaults(store, key, async () => {
        await readManifest(folder, key, uploadId)
        return unfinished(folder, async (path) => {
          const bytes = bytesOf(content, signal)
          await fill(store, key, path, { bytes, size: sizeOf(content), checksum })
          return placePart(folder, { key, uploadId, partNumber, path, checksum })
        })
      }),

    complete: (key, uploadId, parts, { mode, checksum, signal }) =>
      withFaults(store, key, async () => {
        await readManifest(folder, key, uploadId)
        // Of two that complete it at once, the second finds it gone: an object is put in place once.
        return own.lock(`upload-${uploadId}`, signal, async () => {
          const { properties } = await readManifest(folder, key, uploadId)
          folder.checkMode(key, mode, await folder.locate(key))
          const files = await checkParts(folder, key, uploadId, parts)
          const bytes = joined(folder, key, files, signal)
          const write = { ...properties, mode, checksum, signal }
          const info = await writeBytes(folder, key, bytes, undefined, write)
          await removeUpload(folder, uploadId)
          return info
        })
      }),

    abort: (key, uploadId) =>
      withFaults(store, key, async () => {
        const manifest = await findManifest(folder, uploadId)
        if (manifest?.key === key) await removeUpload(folder, uploadId)
      }),

    listParts: (key, uploadId, { cursor = '' }) =>
      withFaults(store, key, async () => {
        await readManifest(folder, key, uploadId)
        const names = await unless(['ENOENT'], readdir(own.path('uploads', uploadId)))
        if (!names) throw unknownUpload(store, key)
        const rest = names.filter((name) => PART_NAME.test(name) && name > cursor).toSorted()
        const page = rest.slice(0, PAGE)
        const found = await Promise.all(page.map((name) => readPart(folder, uploadId, name)))
        const parts = found.filter((part) => part !== undefined)
        return rest.length > PAGE ? { parts, cursor: page.at(-1) } : { parts }
      }),

    listUploads: ({ prefix = '', cursor = '' }) =>
      withFaults(store, undefined, async () => {
        const ids = (await unless(['ENOENT'], readdir(own.path('uploads')))) ?? []
        const rest = ids.filter((id) => UPLOAD_ID.test(id) && id > cursor).toSorted()
        const page = rest.slice(0, PAGE)
        const found = await Promise.all(page.map((id) => describeUpload(folder, id)))
        const uploads = found.filter((one) => one?.key.startsWith(prefix)).filter((one) => !!one)
        return rest.length > PAGE ? { uploads, cursor: page.at(-1) } : { uploads }
      }),
  }
}

async function begin(folder: Folder, manifest: Manifest): Promise<string> {
  const { own } = folder
  const uploadId = randomBytes(16).toString('hex')
  await unfinished(folder, async (draft) => {
    await mkdir(draft)
    await writeDurably(`${draft}/${MANIFEST}`, JSON.stringify(manifest))
    await syncFolder(draft)
    await rename(draft, own.path('uploads', uploadId))
  })
  await syncFolder(own.path('uploads'))
  return uploadId
}

async function findManifest({ own }: Folder, uploadId: string): Promise<Manifest | undefined> {
  if (!UPLOAD_ID.test(uploadId)) return undefined
  const path = own.path('uploads', uploadId, MANIFEST)
  const text = await unless(['ENOENT', 'ENOTDIR'], readFile(path, 'utf8'))
  if (text === undefined) return undefined
  const manifest: Manifest = JSON.parse(text)
  return manifest
}

async function readManifest(folder: Folder, key: string, uploadId: string): Promise<Manifest> {
  const manifest = await findManifest(folder, uploadId)
  if (manifest?.key !== key) throw unknownUpload(folder.store, key)
  return manifest
}

async function describeUpload(folder: Folder, uploadId: string) {
  const manifest = await findManifest(folder, uploadId)
  return manifest && { key: manifest.key, uploadId, begun: new Date(manifest.begun) }
}

interface NewPart {
  key: string
  uploadId: string
  partNumber: number
  path: string
  checksum: Checksum | undefined
}

function partName(partNumber: number): string {
  return String(partNumber).padStart(5, '0')
}

async function placePart(folder: Folder, part: NewPart): Promise<Part> {
  const { key, uploadId, partNumber, path, checksum } = part
  const target = folder.own.path('uploads', uploadId, partName(partNumber))
  const stats = await stampFile(path, await look(target))
  const etag = stampOf(stats)
  try {
    // Named by the stamp, so that it belongs to these very bytes.
    if (checksum) await writeDurably(`${target}.${etag}.json`, JSON.stringify(checksum))
    await rename(path, target)
    await syncFolder(folder.own.path('uploads', uploadId))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw unknownUpload(folder.store, key)
    throw error
  }
  return { partNumber, size: Number(stats.size), etag, ...(checksum && { checksum }) }
}

async function readPart(
  { own }: Folder,
  uploadId: string,
  name: string,
): Promise<Part | undefined> {
  const path = own.path('uploads', uploadId, name)
  const stats = await look(path)
  if (!stats) return undefined
  const etag = stampOf(stats)
  const text = await unless(['ENOENT'], readFile(`${path}.${etag}.json`, 'utf8'))
  const part: Part = { partNumber: Number(name), size: Number(stats.size), etag }
  if (text !== undefined) part.checksum = JSON.parse(text)
  return part
}

interface PartFile {
  partNumber: number
  path: string
  etag: string
}

/** The parts' files, once each is found to be the one that is meant, and in order. */
async function checkParts(
  folder: Folder,
  key: string,
  uploadId: string,
  parts: Part[],
): Promise<PartFile[]> {
  const files: PartFile[] = []
  let last = 0
  for (const { partNumber, etag } of parts) {
    const path = folder.own.path('uploads', uploadId, partName(partNumber))
    const stats = await look(path)
    if (!stats || stampOf(stats) !== etag || partNumber <= last) {
      throw wrongPart(folder.store, key, partNumber)
    }
    last = partNumber
    files.push({ partNumber, path, etag })
  }
  return files
}

async function* joined(
  folder: Folder,
  key: string,
  files: PartFile[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const { partNumber, path, etag } of files) {
    const handle = await unless(['ENOENT'], open(path, READ_HERE))
    if (!handle) throw unknownUpload(folder.store, key)
    const stats = await handle.stat({ bigint: true })
    if (stampOf(stats) !== etag) {
      // Sent again since it was looked at.
      await handle.close()
      throw wrongPart(folder.store, key, partNumber)
    }
    yield* streamFile(handle, 0, Number(stats.size), signal)
  }
}

/** Gone in one step for whoever looks, then cleared away. */
async function removeUpload({ own }: Folder, uploadId: string): Promise<void> {
  const doomed = await own.unfinishedPath()
  await unless(['ENOENT'], rename(own.path('uploads', uploadId), doomed))
  await rm(doomed, { force: true, recursive: true })
}
