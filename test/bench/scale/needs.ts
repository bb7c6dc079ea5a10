// What a rate of uploads needs of a platform: the arithmetic of the page on scale, and nothing that was not measured,
// published, or named as assumed.

import { ASSUMED_MILLISECONDS, ASSUMED_NEAR_MILLISECONDS, MEASURED } from './measured.ts'
import type { PlatformLimits, StoreLimits } from './platforms.ts'

export interface Needs {
  /** What one instance of the consumer brings over in a second. */
  instanceRate: number
  instances: number
  /** Undefined where nobody counts them. */
  apiInstances: number | undefined
  /** Of the API and the consumer. */
  cores: number
  /** The rate at which the first limit is met, and which that is. */
  mostASecond: number
  firstLimit: string
  usdPerMillion: number
}

interface Pace {
  /** That one invocation, with all that is in hand beside it, takes. */
  seconds: number
  rate: number
}

type Functions = PlatformLimits['functions']

export function needsOf({ queue, functions }: PlatformLimits, uploadsASecond: number): Needs {
  const copying = paceOfCopies(functions)
  const api =
    functions.apiInHand === undefined ? undefined : paceOfApi(functions, functions.apiInHand)
  const { copyCpuMs, apiCpuMs } = MEASURED
  const usdAnUpload =
    queue.callsAMessage * (queue.usdPerMillionCalls / 1e6) +
    usdOf(functions, copying.seconds / functions.inHand, copyCpuMs, 1 / functions.batch) +
    usdOf(functions, api ? api.seconds / functions.apiInHand! : 0, apiCpuMs, API_CALLS)
  return {
    instanceRate: copying.rate,
    instances: Math.ceil(uploadsASecond / copying.rate),
    apiInstances: api && Math.ceil(uploadsASecond / api.rate),
    cores: (uploadsASecond * (copyCpuMs + apiCpuMs)) / 1000,
    ...firstLimit(queue.perSecond, functions, copying.rate, api?.rate),
    usdPerMillion: usdAnUpload * 1e6,
  }
}

/** One GET and one PUT, one after the other. What is in hand waits together, and shares the processor. */
function paceOfCopies({ inHand, copies, cores }: Functions): Pace {
  const waits = 2 * Math.ceil(inHand / copies)
  const work = (inHand * MEASURED.copyCpuMs) / cores
  const seconds = (waits * ASSUMED_MILLISECONDS + work) / 1000
  return { seconds, rate: inHand / seconds }
}

/** The plan waits for nobody, the completion for what it asks of the primary. */
function paceOfApi({ cores }: Functions, inHand: number): Pace {
  const waits = MEASURED.uploadReads + MEASURED.uploadWrites - 1
  const work = (inHand * MEASURED.apiCpuMs) / cores
  const seconds = (waits * ASSUMED_NEAR_MILLISECONDS + work) / 1000
  return { seconds, rate: inHand / seconds }
}

/** A plan and a completion. */
const API_CALLS = 2

function usdOf(functions: Functions, seconds: number, cpuMs: number, invocations: number): number {
  const { usdPerMillionInvocations, usdPerGbSecond, usdPerMillionCpuMs, memoryGb } = functions
  const perMillion = invocations * usdPerMillionInvocations + cpuMs * usdPerMillionCpuMs
  return perMillion / 1e6 + seconds * memoryGb * usdPerGbSecond
}

function firstLimit(
  queueRate: number | undefined,
  { mostAtOnce, apiCounts }: Functions,
  copyRate: number,
  apiRate: number | undefined,
): Pick<Needs, 'mostASecond' | 'firstLimit'> {
  const instancesAnUpload = 1 / copyRate + (apiCounts && apiRate !== undefined ? 1 / apiRate : 0)
  const instances = {
    mostASecond: mostAtOnce / instancesAnUpload,
    firstLimit: `${mostAtOnce} instances at once`,
  }
  if (queueRate === undefined || queueRate > instances.mostASecond) return instances
  return { mostASecond: queueRate, firstLimit: `${queueRate} messages a second in one queue` }
}

export interface StoreNeeds {
  writes: number
  reads: number
  /** So many prefixes, buckets or accounts; undefined where no bound is known. */
  units: number | undefined
}

export function storeNeeds(
  limits: StoreLimits,
  role: 'primary' | 'replica',
  uploadsASecond: number,
): StoreNeeds {
  const { uploadWrites, uploadReads, copyReads, copyWrites } = MEASURED
  const writes = (role === 'primary' ? uploadWrites : copyWrites) * uploadsASecond
  const reads = (role === 'primary' ? uploadReads + copyReads : 0) * uploadsASecond
  const shares = [
    limits.writes && writes / limits.writes,
    limits.reads && reads / limits.reads,
    limits.both && (writes + reads) / limits.both,
  ].filter((one) => one !== undefined)
  return { writes, reads, units: shares.length > 0 ? Math.ceil(Math.max(...shares)) : undefined }
}
