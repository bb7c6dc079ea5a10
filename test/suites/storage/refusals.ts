// For each ability that a store does not claim: asking for it is refused as unsupported, before any
// request is made. Silence, or a write that only looks conditional, would be worse than a refusal.

import type { Capabilities } from '#shared/storage/capabilities.ts'
import type { SignRequest } from '#shared/storage/signer.ts'
import type { Store } from '#shared/storage/store.ts'
import type { Case } from './case.ts'
import { group } from './case.ts'
import { bytesOf, checksumOf, streamOf } from './content.ts'
import { refusedUnasked } from './expect.ts'

interface Ability {
  name: string
  claimed: (capabilities: Capabilities) => unknown
  ask: (store: Store) => Promise<unknown>
}

const BYTES = bytesOf(10)
const CREATE = { mode: 'create' } as const
const MATCH = { mode: { ifMatch: 'etag' } }
const ALGORITHMS = ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
const signing = { key: 'key', expiresInSeconds: 60 }
const properties = { partNumber: 1, uploadId: 'id' }

const ABILITIES: Ability[] = [
  ability(
    'creating writes',
    ({ put }) => put.create,
    (s) => s.put('key', BYTES, CREATE),
  ),
  ability(
    'compare-and-set',
    ({ put }) => put.match,
    (s) => s.put('key', BYTES, MATCH),
  ),
  ability(
    'bodies of unknown length',
    ({ put, multipart }) => put.unknownLength || multipart,
    (s) => s.put('key', streamOf(BYTES)),
  ),
  ability(
    'conditional deletes',
    (can) => can.delete.match,
    (s) => s.delete([{ key: 'key', ifMatch: 'etag' }]),
  ),
  ability(
    'copies',
    ({ copy }) => copy,
    (s) => s.copy('from', 'key'),
  ),
  ability(
    'conditions on a copy source',
    ({ copy }) => copy?.sourceMatch,
    (s) => s.copy({ key: 'from', ifMatch: 'etag' }, 'key'),
  ),
  ability(
    'creating copies',
    ({ copy }) => copy?.create,
    (s) => s.copy('from', 'key', CREATE),
  ),
  ability(
    'compare-and-set copies',
    ({ copy }) => copy?.match,
    (s) => s.copy('from', 'key', MATCH),
  ),
  ability(
    'multipart uploads',
    ({ multipart }) => multipart,
    (s) => s.groups.multipart.begin('key'),
  ),
  ability(
    'creating commits',
    ({ multipart }) => multipart?.create,
    (s) => s.groups.multipart.complete('key', 'id', [], CREATE),
  ),
  ability(
    'compare-and-set commits',
    ({ multipart }) => multipart?.match,
    (s) => s.groups.multipart.complete('key', 'id', [], MATCH),
  ),
  ability(
    'a list of parts',
    ({ multipart }) => multipart?.listParts,
    (s) => s.groups.multipart.listParts('key', 'id'),
  ),
  ability(
    'a list of uploads',
    ({ multipart }) => multipart?.listUploads,
    (s) => s.groups.multipart.listUploads(),
  ),
  ability(
    'versions',
    ({ versions }) => versions,
    (s) => s.groups.versions.list(),
  ),
  ability(
    'a version of an object',
    ({ versions }) => versions,
    (s) => s.get('key', { version: 'v' }),
  ),
  ability(
    'the deletion of a version',
    ({ versions }) => versions,
    (s) => s.delete([{ key: 'key', version: 'v' }]),
  ),
  ability(
    'classes',
    ({ classes }) => classes.length > 0,
    (s) => s.groups.classes.set('key', 'STANDARD_IA'),
  ),
  ability(
    'a class at write',
    ({ classes }) => classes.length > 0,
    (s) => s.put('key', BYTES, { storageClass: 'STANDARD_IA' }),
  ),
  ability(
    'tags',
    ({ tags }) => tags,
    (s) => s.groups.tags.get('key'),
  ),
  ability(
    'tags at write',
    ({ tags }) => tags,
    (s) => s.put('key', BYTES, { tags: { a: 'b' } }),
  ),
  ability(
    'retention',
    ({ retention }) => retention,
    (s) => s.groups.retention.get('key'),
  ),
  ability(
    'holds',
    ({ retention }) => retention,
    (s) => s.groups.retention.hold('key', true),
  ),
  ...ALGORITHMS.map((algorithm) =>
    ability(
      `${algorithm} on a write`,
      ({ put }) => put.checksums.includes(algorithm),
      (s) => s.put('key', BYTES, { checksum: checksumOf(algorithm, BYTES) }),
    ),
  ),
  ...(
    [
      { ...signing, action: 'get' },
      { ...signing, action: 'head' },
      { ...signing, action: 'put' },
      { ...signing, ...properties, action: 'part' },
      { ...signing, action: 'delete' },
      { ...signing, action: 'form' },
      { ...signing, action: 'resumable' },
    ] satisfies SignRequest[]
  ).map((request) =>
    ability(
      `a signed ${request.action}`,
      ({ presign }) => presign?.actions.includes(request.action),
      async (s) => s.presign(request),
    ),
  ),
  ability(
    'a signed upload that only creates',
    ({ presign }) => presign?.enforces.includes('overwrite'),
    async (s) => s.presign({ ...signing, ...CREATE, action: 'put' }),
  ),
]

function ability(name: string, claimed: Ability['claimed'], ask: Ability['ask']): Ability {
  return { name, claimed, ask }
}

/** Only those that apply: what a store claims, its own cases prove. */
export function refusalCases(capabilities: Capabilities): Case[] {
  const unclaimed = ABILITIES.filter(({ claimed }) => !claimed(capabilities))
  return group(
    'refused unasked',
    Object.fromEntries(
      unclaimed.map(({ name, ask }) => [
        name,
        (harness) => refusedUnasked(harness, () => ask(harness.open())),
      ]),
    ),
  )
}
