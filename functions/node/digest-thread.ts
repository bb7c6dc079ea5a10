// A thread that takes digests of the bytes that a ring brings it, and sends each one's values when it is asked for
// them. It sleeps while there is nothing to do, and ends with the process.

import { Buffer } from 'node:buffer'
import { parentPort, workerData } from 'node:worker_threads'
import type { DigestAlgorithm } from '#shared/wire/digest.ts'
import type { PassingDigests } from '#shared/wire/passing-digests.ts'
import { startPassingDigests } from '#shared/wire/passing-digests.ts'
import type { Ring, RingRecord } from './digest-ring.ts'
import { ASKED, recordsOf } from './digest-ring.ts'

export interface Answered {
  id: number
  values: Record<string, string>
}

const open = new Map<number, PassingDigests>()
for (const record of recordsOf(workerData as Ring)) {
  const { kind, id, pieces } = record
  const digests = open.get(id)
  if (kind === ASKED.begin) open.set(id, startPassingDigests(algorithmsOf(record)))
  else if (kind === ASKED.bytes) for (const piece of pieces) await digests?.update(piece)
  else open.delete(id)
  if (kind === ASKED.end && digests) answer({ id, values: await digests.values() })
}

function algorithmsOf({ pieces }: RingRecord): DigestAlgorithm[] {
  return Buffer.concat(pieces).toString().split(',') as DigestAlgorithm[]
}

function answer(answered: Answered): void {
  parentPort?.postMessage(answered, [])
}
