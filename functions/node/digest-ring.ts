// A ring of bytes in memory that two threads share: one writes records into it, the other reads them, in their
// sequence. Each byte is copied once, into the ring; nothing is allocated on the way, and a full ring holds the writer back.

export interface Ring {
  /** How many bytes were written and read so far, modulo 2³². */
  positions: Int32Array<SharedArrayBuffer>
  bytes: Uint8Array<SharedArrayBuffer>
}

/** What a record asks for. */
export const ASKED = {
  /** Digests by the algorithms that its bytes name, with commas between. */
  begin: 0,
  /** That these be taken into them. */
  bytes: 1,
  /** Their values; nothing is kept then. */
  end: 2,
  /** Nobody wants them any more. */
  drop: 3,
} as const

export interface RingRecord {
  kind: number
  /** Which digests. */
  id: number
  /** In two pieces where it goes over the ring's end; both are the reader's until it asks for the next. */
  pieces: readonly Uint8Array[]
}

/** A power of two. It stays within a core's second cache. */
const RING_BYTES = 2 ** 20
/** Kind, id and length; records begin at multiples of it, so that no head goes over the ring's end. */
const HEAD_BYTES = 16
/** A record with fewer is not worth its head, as long as more are to come. */
const LEAST_BYTES = 4096
/** The writer is told of room when so much has been read since, or all: each time would have it wake for every record. */
const TELL_BYTES = RING_BYTES / 4

/** Apart, so that two cores do not take the same line of memory from each other. */
const [WRITTEN, READ] = [0, 16]

export function createRing(): Ring {
  return {
    positions: new Int32Array(new SharedArrayBuffer(128)),
    bytes: new Uint8Array(new SharedArrayBuffer(RING_BYTES)),
  }
}

/** Writes what there is room for and answers with what is left; undefined when nothing is. */
export function writeRecord(
  ring: Ring,
  kind: number,
  id: number,
  payload: Uint8Array,
): Uint8Array | undefined {
  const { positions, bytes } = ring
  const written = Atomics.load(positions, WRITTEN)
  const room = RING_BYTES - ((written - Atomics.load(positions, READ)) >>> 0) - HEAD_BYTES
  if (room < Math.min(payload.length, LEAST_BYTES)) return payload
  const length = Math.min(payload.length, room)
  new Int32Array(bytes.buffer, at(written), 3).set([kind, id, length])
  const start = at(written + HEAD_BYTES)
  const first = Math.min(length, RING_BYTES - start)
  bytes.set(payload.subarray(0, first), start)
  bytes.set(payload.subarray(first, length), 0)
  Atomics.store(positions, WRITTEN, written + sizeOf(length))
  Atomics.notify(positions, WRITTEN)
  return length < payload.length ? payload.subarray(length) : undefined
}

/** Resolves when there may be more room, or somebody has called `wakeWriters`. */
export async function roomIn({ positions }: Ring): Promise<void> {
  const read = Atomics.load(positions, READ)
  const held = (Atomics.load(positions, WRITTEN) - read) >>> 0
  // A reader that has so much before it tells of it; one that is through may have told already.
  if (held > RING_BYTES / 2) await Atomics.waitAsync(positions, READ, read).value
}

export function wakeWriters({ positions }: Ring): void {
  Atomics.notify(positions, READ)
}

/** Waits for each with its thread asleep, so this is for a thread that does nothing else. */
export function* recordsOf(ring: Ring): Generator<RingRecord, never, undefined> {
  const { positions, bytes } = ring
  let told = Atomics.load(positions, READ)
  for (let read = told; ;) {
    if (Atomics.load(positions, WRITTEN) === read) {
      told = read
      wakeWriters(ring)
      Atomics.wait(positions, WRITTEN, read)
      continue
    }
    const head = new Int32Array(bytes.buffer, at(read), 3)
    const length = head[2]!
    const start = at(read + HEAD_BYTES)
    const end = start + length
    yield {
      ...{ kind: head[0]!, id: head[1]! },
      pieces: [
        bytes.subarray(start, Math.min(end, RING_BYTES)),
        ...(end > RING_BYTES ? [bytes.subarray(0, end - RING_BYTES)] : []),
      ],
    }
    read = (read + sizeOf(length)) | 0
    Atomics.store(positions, READ, read)
    if ((read - told) >>> 0 < TELL_BYTES) continue
    told = read
    wakeWriters(ring)
  }
}

function at(position: number): number {
  return position & (RING_BYTES - 1)
}

function sizeOf(length: number): number {
  return HEAD_BYTES * (1 + Math.ceil(length / HEAD_BYTES))
}
