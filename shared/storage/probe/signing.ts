// Signed requests, each kind really used, and what a signed upload really holds its bearer to.

import { digestOf } from '#shared/wire/digest.ts'
import type { Checksum, ChecksumAlgorithm, Part } from '../contract.ts'
import type { Constraint, SignPut, SignRequest } from '../signer.ts'
import type { Finding, Verdict } from './finding.ts'
import { holds, no, verdictOf, yes } from './finding.ts'
import type { Ground } from './ground.ts'
import { ACTIONS, ALGORITHMS } from './optimism.ts'
import type { Bearer } from './signed.ts'
import { sendSigned } from './signed.ts'

const EXPIRY_SECONDS = 300

type Action = SignRequest['action']

export async function probeSigning(ground: Ground): Promise<Finding[]> {
  const { presign } = ground.recorded
  const findings: Finding[] = []
  for (const action of ACTIONS) {
    findings.push({
      cell: `presign.actions.${action}`,
      recorded: presign?.actions.includes(action) ?? false,
      ...(await verdictOf(() => USES[action](ground))),
    })
  }
  const puts = findings.find(({ cell }) => cell === 'presign.actions.put')
  if (!puts?.found) return findings
  return [...findings, ...(await probeEnforcement(ground))]
}

async function send(ground: Ground, request: SignRequest, bearer: Bearer = {}): Promise<Response> {
  return sendSigned(ground.client, await ground.store.presign(request), bearer)
}

function soon<A extends Action>(ground: Ground, action: A, name: string) {
  return { action, key: ground.key(name), expiresInSeconds: EXPIRY_SECONDS }
}

async function stores(ground: Ground, name: string): Promise<Verdict> {
  return (await ground.find(name)) === 'sent'
    ? yes('it stored the object')
    : no('nothing was stored')
}

const USES: Record<Action, (ground: Ground) => Promise<Verdict>> = {
  async get(ground) {
    await ground.write('signed-get', 'sent')
    const answer = await send(ground, soon(ground, 'get', 'signed-get'))
    return (await answer.text()) === 'sent' ? yes('it gave the bytes') : no('it gave other bytes')
  },
  async head(ground) {
    await ground.write('signed-head', 'sent')
    const answer = await send(ground, soon(ground, 'head', 'signed-head'))
    await answer.body?.cancel()
    return yes('it was answered')
  },
  async put(ground) {
    await drop(await send(ground, soon(ground, 'put', 'signed-put'), { body: 'sent' }))
    return stores(ground, 'signed-put')
  },
  async part(ground) {
    const name = 'signed-part'
    const uploadId = await ground.begin(name)
    const request = { ...soon(ground, 'part', name), uploadId, partNumber: 1 }
    const answer = await send(ground, request, { body: 'sent' })
    await drop(answer)
    const parts = await partsOf(ground, name, uploadId, answer)
    const { multipart } = ground.store.groups
    await multipart.complete(ground.key(name), uploadId, parts, { signal: ground.signal })
    return stores(ground, name)
  },
  async delete(ground) {
    await ground.write('signed-delete', 'x')
    await drop(await send(ground, soon(ground, 'delete', 'signed-delete')))
    return (await ground.find('signed-delete')) === undefined
      ? yes('it deleted the object')
      : no('the object is still there')
  },
  async form(ground) {
    await drop(await send(ground, soon(ground, 'form', 'signed-form'), { body: 'sent' }))
    return stores(ground, 'signed-form')
  },
  async resumable(ground) {
    const begun = await send(ground, soon(ground, 'resumable', 'signed-session'), { body: '' })
    await drop(begun)
    const url = begun.headers.get('location')
    if (url === null) return no('the session has no address')
    const expiry = { expiresAt: new Date(0), expiresAtMost: false, enforced: [] }
    const session = { method: 'PUT' as const, url, headers: {}, ...expiry }
    await drop(await sendSigned(ground.client, session, { body: 'sent' }))
    return stores(ground, 'signed-session')
  },
}

/** As the store lists them, or, where it does not, as the answer names the one that was sent. */
async function partsOf(
  ground: Ground,
  name: string,
  uploadId: string,
  answer: Response,
): Promise<Part[]> {
  const { store, signal } = ground
  const etag = answer.headers.get('etag')?.replaceAll('"', '')
  if (etag) return [{ partNumber: 1, size: 'sent'.length, etag }]
  return store.groups.multipart.listParts(ground.key(name), uploadId, { signal })
}

async function drop(answer: Response): Promise<void> {
  await answer.arrayBuffer()
}

async function probeEnforcement(ground: Ground): Promise<Finding[]> {
  const { presign } = ground.recorded
  const find = async (
    constraint: Constraint,
    trial: (ground: Ground) => Promise<Verdict>,
  ): Promise<Finding> => ({
    cell: `presign.enforces.${constraint}`,
    recorded: presign?.enforces.includes(constraint) ?? false,
    ...(await verdictOf(() => trial(ground))),
  })
  const digests: Finding[] = []
  for (const algorithm of ALGORITHMS) {
    digests.push({
      cell: `presign.checksums.${algorithm}`,
      recorded: presign?.checksums.includes(algorithm) ?? false,
      ...(await verdictOf(() => holdsToDigest(ground, algorithm))),
    })
  }
  return [
    await find('size', holdsToSize),
    await find('type', holdsToType),
    await find('checksum', async () => anyOf(digests)),
    await find('overwrite', createsOnly),
    ...digests,
  ]
}

/** Held where any algorithm is. */
function anyOf(digests: readonly Finding[]): Verdict {
  const held = digests.filter(({ found }) => found === true)
  if (held.length > 0) return yes('a body with another digest was refused')
  const unknown = digests.find(({ found }) => found === null)
  return unknown ? { found: null, how: unknown.how } : no('no digest holds a signed upload')
}

interface Trespass {
  name: string
  more: Partial<SignPut>
  bearer: Bearer
  what: string
}

/** The request that was signed is accepted; the other one is refused and stores nothing. */
async function keepsOut(ground: Ground, { name, more, bearer, what }: Trespass): Promise<Verdict> {
  const signed = await ground.store.presign({ ...soon(ground, 'put', name), ...more })
  const verdict = await holds({
    act: async () => drop(await sendSigned(ground.client, signed, bearer)),
    stands: async () => (await ground.find(name)) === undefined,
    broken: `${what} was accepted`,
    held: `${what} was refused`,
  })
  if (!verdict.found) return verdict
  await drop(await sendSigned(ground.client, signed, { body: 'sent' }))
  return verdict
}

function holdsToSize(ground: Ground): Promise<Verdict> {
  return keepsOut(ground, {
    name: 'held-size',
    more: { contentLength: 'sent'.length },
    bearer: { body: 'sent and more' },
    what: 'a longer body',
  })
}

function holdsToType(ground: Ground): Promise<Verdict> {
  return keepsOut(ground, {
    name: 'held-type',
    more: { contentType: 'image/png' },
    bearer: { body: 'sent', forge: (value) => value.replace('image/png', 'text/html') },
    what: 'another type',
  })
}

function holdsToDigest(ground: Ground, algorithm: ChecksumAlgorithm): Promise<Verdict> {
  const value = digestOf(algorithm, new TextEncoder().encode('sent'))
  const checksum: Checksum = { algorithm, value }
  return keepsOut(ground, {
    name: `held-${algorithm}`,
    more: { checksum },
    bearer: { body: 'else' },
    what: 'a body with another digest',
  })
}

async function createsOnly(ground: Ground): Promise<Verdict> {
  const name = 'held-create'
  const signed = await ground.store.presign({ ...soon(ground, 'put', name), mode: 'create' })
  await drop(await sendSigned(ground.client, signed, { body: 'first' }))
  return holds({
    act: async () => drop(await sendSigned(ground.client, signed, { body: 'second' })),
    stands: async () => (await ground.read(name)) === 'first',
    broken: 'a second signed create overwrote the first',
    held: 'a second signed create was refused',
  })
}
