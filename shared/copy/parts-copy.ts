// A copy in parts, as whoever works on it holds it: the source as it was looked at, how it is cut, the upload
// that it is built up in, and the parts that are through. Begun once, and taken up by any function afterwards.

import type { Digests } from '#shared/compare/digests.ts'
import { compareDigests } from '#shared/compare/digests.ts'
import type { ObjectInfo, Part } from '#shared/storage/contract.ts'
import { isStorageError } from '#shared/storage/errors.ts'
import type { Carried } from './carry.ts'
import { carry } from './carry.ts'
import { heldMode, lookAtDestination } from './condition.ts'
import type { Piece } from './cut.ts'
import { partBytes, pieces } from './cut.ts'
import { identityOf } from './identity.ts'
import type { CopyJob } from './job.ts'
import { checkFits, toKeyOf } from './job.ts'
import type { Proof } from './proof.ts'
import { proofFor, proofOf, toldOf, wholeDigests } from './proof.ts'
import { pullable } from './pull.ts'
import type { Unfinished, UnfinishedRecord } from './unfinished.ts'
import { unfinishedRecord } from './unfinished.ts'

export interface DonePart {
  part: Part
  digests: Digests
}

export interface PartsCopy {
  job: CopyJob
  source: ObjectInfo
  /** What travels beside the bytes: asked for once, when it is needed. */
  carried(): Promise<Carried>
  proof: Proof
  cut: readonly Piece[]
  record: UnfinishedRecord
  state: Unfinished
  /** By part number. */
  done: Map<number, DonePart>
}

type Planned = Omit<PartsCopy, 'state' | 'done'>

/** Takes up what an earlier try left, if it was of this very content, or begins. */
export async function openParts(job: CopyJob, source: ObjectInfo): Promise<PartsCopy> {
  checkFits(job, source.size)
  const proof = proofFor(source, job.to)
  const shape = { identity: identityOf(source), ...shapeOf(job, source, proof) }
  const planned = plan(job, source, shape)
  const left = await planned.record.read()
  if (left && isSame(left, shape)) {
    const done = await arrived(planned, left)
    if (done) return { ...planned, state: left, done }
  } else if (left) await abort(job, left.uploadId)
  return begin(planned, shape)
}

/** The copy that `uploadId` names; undefined when it was ended, or is of another content by now. */
export async function takeUp(
  job: CopyJob,
  source: ObjectInfo,
  uploadId: string,
): Promise<PartsCopy | undefined> {
  const state = await unfinishedRecord(job).read()
  if (state?.uploadId !== uploadId || state.identity !== identityOf(source)) return undefined
  const planned = plan(job, source, state)
  const done = await arrived(planned, state)
  return done && { ...planned, state, done }
}

function plan(
  job: CopyJob,
  source: ObjectInfo,
  { partBytes: bytes, pulled }: Pick<Unfinished, 'partBytes' | 'pulled'>,
): Planned {
  let carrying: Promise<Carried> | undefined
  return {
    job,
    source,
    carried: () => (carrying ??= carry(job, source)),
    proof: proofOf(source, job.to, pulled),
    cut: pieces(source.size, bytes),
    record: unfinishedRecord(job),
  }
}

type Shape = Pick<Unfinished, 'partBytes' | 'conditional' | 'pulled'>

function shapeOf(job: CopyJob, source: ObjectInfo, proof: Proof): Shape {
  const pulled = pullable(job, proof)
  const conditional = heldMode(job.mode, job.to.capabilities.multipart!) !== 'overwrite'
  return { partBytes: partBytes(job.to, job.key, source.size, pulled), conditional, pulled }
}

function isSame(left: Unfinished, wanted: Shape & { identity: string }): boolean {
  return (Object.keys(wanted) as (keyof typeof wanted)[]).every(
    (field) => left[field] === wanted[field],
  )
}

async function begin(planned: Planned, shape: Shape & { identity: string }): Promise<PartsCopy> {
  const { job, proof, record } = planned
  const { to, signal } = job
  const toKey = toKeyOf(job)
  const can = to.capabilities.multipart!
  // Found out before the bytes are sent; and again when they are.
  await lookAtDestination(job)
  const { properties } = await planned.carried()
  const uploadId = await to.groups.multipart.begin(toKey, {
    ...properties,
    mode: heldMode(job.mode, can),
    ...(proof.whole && { checksum: { algorithm: proof.whole } }),
    signal,
  })
  const state: Unfinished = { v: 1, ...shape, uploadId, toKey }
  await record.begin(state)
  return { ...planned, state, done: new Map() }
}

/** Whether a part's record is needed beside the part: a listing tells neither digests nor, on some stores, anything. */
export function recordsParts({ proof, job }: Pick<PartsCopy, 'proof' | 'job'>): boolean {
  const listed = job.to.capabilities.multipart?.listParts === true
  return !listed || proof.inFlight.length > 0 || proof.parts !== undefined
}

/**
 * Undefined when the upload is gone, unless all its parts are on record: then another is about to make them the object,
 * or was when it died, and who ends it once more finds out. Parts of another size, or of which a digest is missing,
 * are sent again.
 */
async function arrived(planned: Planned, left: Unfinished): Promise<PartsCopy['done'] | undefined> {
  const { job, cut, proof, record } = planned
  const known = recordsParts(planned) ? await record.parts(left.uploadId) : undefined
  const list = await listParts(job, left.uploadId)
  const isGone = list === 'gone'
  const listed = isGone ? undefined : list
  const done: PartsCopy['done'] = new Map()
  for (const { partNumber, size } of cut) {
    const recorded = known?.get(partNumber)
    const part = listed ? listed.get(partNumber) : recorded && { partNumber, size, ...recorded }
    if (part?.size !== size || (recorded && recorded.etag !== part.etag)) continue
    const told = toldOf(part)
    if (recorded && compareDigests(told, recorded.digests)?.same === false) continue
    const digests = { ...told, ...recorded?.digests }
    const needed = proof.parts ? [proof.parts] : proof.inFlight
    if (needed.some((algorithm) => digests[algorithm] === undefined)) continue
    const { etag, checksum } = part
    done.set(partNumber, { part: { partNumber, size, etag, checksum }, digests })
  }
  return isGone && done.size < cut.length ? undefined : done
}

export function arrivedBytes({ done }: Pick<PartsCopy, 'done'>): number {
  return [...done.values()].reduce((bytes, { part }) => bytes + part.size, 0)
}

type Listed = Map<number, Part>

async function listParts(job: CopyJob, uploadId: string): Promise<Listed | 'gone' | undefined> {
  const { to, signal } = job
  if (!to.capabilities.multipart?.listParts) return undefined
  try {
    const parts = await to.groups.multipart.listParts(toKeyOf(job), uploadId, { signal })
    return new Map(parts.map((part) => [part.partNumber, part]))
  } catch (error) {
    if (isStorageError(error, 'not-found')) return 'gone'
    throw error
  }
}

/** What it has built up is of no use to anybody. */
export async function drop(copy: PartsCopy): Promise<void> {
  await abort(copy.job, copy.state.uploadId)
  await forget(copy)
}

/** Nothing is lost where its record stays. */
export async function forget({ record }: PartsCopy): Promise<void> {
  await record.remove().catch(() => undefined)
}

/** Of the whole, as far as all parts are through and their digests add up. */
export function passedDigests({ cut, done }: Pick<PartsCopy, 'cut' | 'done'>): Digests {
  return wholeDigests(cut, new Map([...done].map(([n, { digests }]) => [n, digests])))
}

async function abort(job: CopyJob, uploadId: string): Promise<void> {
  await job.to.groups.multipart.abort(toKeyOf(job), uploadId).catch(() => undefined)
}
