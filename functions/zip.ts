// A folder as a zip archive, as Azure takes a function app: deflated, the same bytes for the same files.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { promisify } from 'node:util'
import { crc32, deflateRaw } from 'node:zlib'

interface Entry {
  name: Buffer
  packed: Buffer
  size: number
  crc: number
  offset: number
}

const VERSION = 20
const UTF8_NAMES = 0x800
const DEFLATED = 8
/** The first of January 1980: times would make every archive another. */
const DAY = 0x21

/** Without source maps, which no platform reads. */
export async function zipFolder(folder: string, archive: string): Promise<void> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = found.filter((file) => file.isFile() && !file.name.endsWith('.map'))
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).toSorted()
  const chunks: Buffer[] = []
  const entries: Entry[] = []
  let offset = 0
  for (const path of paths) {
    const content = await readFile(path)
    const packed = await promisify(deflateRaw)(content)
    const name = Buffer.from(path.slice(folder.length + 1).replaceAll(sep, '/'))
    const entry = { name, packed, size: content.length, crc: crc32(content), offset }
    const header = fileHeader(entry)
    chunks.push(header, name, packed)
    offset += header.length + name.length + packed.length
    entries.push(entry)
  }
  const directory = entries.flatMap((entry) => [directoryHeader(entry), entry.name])
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0)
  const end = endOfDirectory(entries.length, directoryBytes, offset)
  await writeFile(archive, Buffer.concat([...chunks, ...directory, end]))
}

function fileHeader(entry: Entry): Buffer {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  writeCommon(header, 4, entry)
  return header
}

function directoryHeader(entry: Entry): Buffer {
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(VERSION, 4)
  writeCommon(header, 6, entry)
  header.writeUInt32LE(entry.offset, 42)
  return header
}

/** The fields that both headers have, in the same order. */
function writeCommon(header: Buffer, at: number, { name, packed, size, crc }: Entry): void {
  header.writeUInt16LE(VERSION, at)
  header.writeUInt16LE(UTF8_NAMES, at + 2)
  header.writeUInt16LE(DEFLATED, at + 4)
  header.writeUInt16LE(DAY, at + 8)
  header.writeUInt32LE(crc, at + 10)
  header.writeUInt32LE(packed.length, at + 14)
  header.writeUInt32LE(size, at + 18)
  header.writeUInt16LE(name.length, at + 22)
}

function endOfDirectory(count: number, bytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(bytes, 12)
  end.writeUInt32LE(offset, 16)
  return end
}
