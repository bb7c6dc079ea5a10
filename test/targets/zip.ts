// Unpacks a zip archive, as a platform does with what it is given to deploy: enough of the format for
// archives that are not encrypted and not larger than 4 GiB.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_HEADER_BYTES = 46
const FILE_HEADER_BYTES = 30
const DEFLATED = 8

/** Gives the names of the files. */
export async function unpack(archive: string, folder: string): Promise<string[]> {
  const bytes = await readFile(archive)
  const end = bytes.lastIndexOf(Buffer.from(Uint32Array.of(END_OF_DIRECTORY).buffer))
  const names: string[] = []
  let at = bytes.readUInt32LE(end + 16)
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      bytes.readUInt16LE(at + field),
    )
    const name = bytes.toString(
      'utf8',
      at + DIRECTORY_HEADER_BYTES,
      at + DIRECTORY_HEADER_BYTES + nameBytes!,
    )
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), contentOf(bytes, at))
    names.push(name)
    at += DIRECTORY_HEADER_BYTES + nameBytes! + extraBytes! + commentBytes!
  }
  return names
}

function contentOf(bytes: Buffer, entry: number): Buffer {
  const packedBytes = bytes.readUInt32LE(entry + 20)
  const header = bytes.readUInt32LE(entry + 42)
  const first =
    header + FILE_HEADER_BYTES + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28)
  const packed = bytes.subarray(first, first + packedBytes)
  return bytes.readUInt16LE(entry + 10) === DEFLATED ? inflateRawSync(packed) : packed
}
