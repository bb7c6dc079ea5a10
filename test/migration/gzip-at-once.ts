// The platform's gzip streams work on other threads, which end when they please; a simulation that is to run the
// same way twice needs them to be done at once.

import { gunzipSync, gzipSync } from 'node:zlib'

type Pack = (bytes: Uint8Array) => Uint8Array

function whole(pack: Pack) {
  return class {
    readonly readable: ReadableStream<Uint8Array>
    readonly writable: WritableStream<Uint8Array>
    constructor() {
      const chunks: Uint8Array[] = []
      const stream = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk) => void chunks.push(chunk),
        flush: (controller) => controller.enqueue(new Uint8Array(pack(Buffer.concat(chunks)))),
      })
      this.readable = stream.readable
      this.writable = stream.writable
    }
  }
}

export async function withGzipAtOnce<T>(run: () => Promise<T>): Promise<T> {
  const { CompressionStream, DecompressionStream } = globalThis
  Object.assign(globalThis, {
    CompressionStream: whole(gzipSync),
    DecompressionStream: whole(gunzipSync),
  })
  try {
    return await run()
  } finally {
    Object.assign(globalThis, { CompressionStream, DecompressionStream })
  }
}
