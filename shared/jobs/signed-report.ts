// Reports that prove who wrote them: canonical JSON under an Ed25519 signature. The key follows from the suite's
// secret, so that all of its instances sign alike; whoever has noted the public key once can check a report
// years later, on any machine, without asking anybody.

import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Seal } from '#shared/seal.ts'

export interface Signature {
  algorithm: 'Ed25519'
  /** 32 bytes in base64url. */
  publicKey: string
  /** Over the canonical JSON of `report`, in base64url. */
  value: string
}

export interface SignedReport<Report = unknown> {
  report: Report
  /** Absent where the suite has no secret to sign with. */
  signature?: Signature | undefined
}

const PURPOSE = 'reports'
const ALGORITHM = { name: 'Ed25519' }
/** What stands before the 32 bytes of a private key in PKCS #8: RFC 8410, section 7. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export async function signReport<Report>(
  seal: Pick<Seal, 'derive'>,
  report: Report,
): Promise<SignedReport<Report>> {
  const pair = await keyPair(seal)
  if (!pair) return { report }
  const signed = await crypto.subtle.sign(ALGORITHM, pair.key, bytesOf(report))
  const value = Buffer.from(signed).toString('base64url')
  return { report, signature: { algorithm: 'Ed25519', publicKey: pair.publicKey, value } }
}

/** What reports of this suite are signed with; undefined without a secret. */
export async function reportKey(seal: Pick<Seal, 'derive'>): Promise<string | undefined> {
  return (await keyPair(seal))?.publicKey
}

async function keyPair({ derive }: Pick<Seal, 'derive'>) {
  const bytes = derive(PURPOSE)
  if (!bytes) return undefined
  const pkcs8 = Buffer.concat([PKCS8, bytes])
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', key)
  return { key, publicKey: x }
}

export type Checked =
  | { valid: true; publicKey: string; fingerprint: string }
  | { valid: false; reason: string }

/** `publicKey`: who should have signed it; without it, only that nobody has changed it since it was signed. */
export async function checkReport(signed: SignedReport, publicKey?: string): Promise<Checked> {
  const { signature, report } = signed
  if (!signature) return { valid: false, reason: 'It is not signed: its suite has no secret.' }
  if (publicKey !== undefined && signature.publicKey !== publicKey) {
    return { valid: false, reason: 'It was signed with another key than the one given.' }
  }
  const raw = Buffer.from(signature.publicKey, 'base64url')
  if (signature.algorithm !== 'Ed25519' || raw.length !== 32) {
    return { valid: false, reason: 'Its signature is of no known kind.' }
  }
  const key = await crypto.subtle.importKey('raw', raw, ALGORITHM, false, ['verify'])
  const value = Buffer.from(signature.value, 'base64url')
  const holds = await crypto.subtle.verify(ALGORITHM, key, value, bytesOf(report))
  if (!holds) return { valid: false, reason: 'It was changed after it was signed.' }
  return { valid: true, publicKey: signature.publicKey, fingerprint: fingerprintOf(raw) }
}

/** Short enough to be read aloud. */
function fingerprintOf(raw: Uint8Array): string {
  const hex = createHash('sha256').update(raw).digest('hex').slice(0, 16)
  return hex.match(/..../g)!.join(' ')
}

function bytesOf(report: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(canonicalJson(report))
}

/** The same text for the same value, whatever order its fields were written in. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map((one) => (one === undefined ? 'null' : canonicalJson(one))).join(',')}]`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(',')}}`
}
