// What hangs on an object beside its bytes and can be changed without them: tags, retention, legal hold.

import { readHold, readRetention, requireTagging } from './attributes.ts'
import { xmlAnswer } from './call.ts'
import type { Answer, Call } from './call.ts'
import { refuse } from './errors.ts'
import { receiveXml } from './receive.ts'
import { clockOf } from './state.ts'
import type { Bucket, Version } from './state.ts'
import { parseTagXml, tagsDocument } from './tags.ts'
import { requireVersion, versionHeaders } from './versions.ts'
import { element, s3Document } from './xml.ts'
import { readXml, requireText, textOf } from './xml-read.ts'

function requireNamed(call: Call, bucket: Bucket): Version {
  return requireVersion(bucket, call.key, call.query.get('versionId'))
}

export function getObjectTagging(call: Call, bucket: Bucket): Answer {
  requireTagging(bucket)
  const version = requireNamed(call, bucket)
  return xmlAnswer(tagsDocument(version.tags), versionHeaders(bucket, version))
}

export async function putObjectTagging(call: Call, bucket: Bucket): Promise<Answer> {
  requireTagging(bucket)
  const version = requireNamed(call, bucket)
  version.tags = parseTagXml(await receiveXml(call, bucket.dialect, true))
  return { status: 200, headers: versionHeaders(bucket, version) }
}

export function deleteObjectTagging(call: Call, bucket: Bucket): Answer {
  requireTagging(bucket)
  const version = requireNamed(call, bucket)
  version.tags = []
  return { status: 204, headers: versionHeaders(bucket, version) }
}

function requireLockable(bucket: Bucket): void {
  if (!bucket.objectLock) {
    throw refuse('InvalidRequest', 'Bucket is missing Object Lock Configuration')
  }
}

export function getObjectRetention(call: Call, bucket: Bucket): Answer {
  requireLockable(bucket)
  const { mode, retainUntilMs } = requireNamed(call, bucket).lock
  if (!mode || retainUntilMs === undefined) throw refuse('NoSuchObjectLockConfiguration')
  const until = new Date(retainUntilMs).toISOString()
  return xmlAnswer(
    s3Document('Retention', element('Mode', mode), element('RetainUntilDate', until)),
  )
}

export async function putObjectRetention(call: Call, bucket: Bucket): Promise<Answer> {
  requireLockable(bucket)
  const version = requireNamed(call, bucket)
  const request = readXml(await receiveXml(call, bucket.dialect, true), 'Retention')
  const bypass = call.headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true'
  const mode = textOf(request, 'Mode')
  const lifted = mode === undefined || mode === ''
  const asked = lifted ? {} : readRetention(call.state, mode, textOf(request, 'RetainUntilDate'))
  requireLoosenable(call, version, asked.mode, asked.retainUntilMs ?? 0, bypass)
  const { legalHold } = version.lock
  version.lock = { ...asked, ...(legalHold === undefined ? {} : { legalHold }) }
  return { status: 200 }
}

/** Retention may always be extended; only governance may be shortened, with the bypass. */
function requireLoosenable(
  call: Call,
  version: Version,
  mode: string | undefined,
  untilMs: number,
  bypass: boolean,
): void {
  const { mode: before, retainUntilMs = 0 } = version.lock
  if (!before || retainUntilMs <= clockOf(call.state)) return
  const loosens = untilMs < retainUntilMs || (before === 'COMPLIANCE' && mode !== 'COMPLIANCE')
  if (!loosens || (before === 'GOVERNANCE' && bypass)) return
  throw refuse('AccessDenied', 'Access Denied because object protected by object lock.')
}

export function getObjectLegalHold(call: Call, bucket: Bucket): Answer {
  requireLockable(bucket)
  const { legalHold } = requireNamed(call, bucket).lock
  if (legalHold === undefined) throw refuse('NoSuchObjectLockConfiguration')
  return xmlAnswer(s3Document('LegalHold', element('Status', legalHold ? 'ON' : 'OFF')))
}

export async function putObjectLegalHold(call: Call, bucket: Bucket): Promise<Answer> {
  requireLockable(bucket)
  const version = requireNamed(call, bucket)
  const request = readXml(await receiveXml(call, bucket.dialect, true), 'LegalHold')
  version.lock = { ...version.lock, legalHold: readHold(requireText(request, 'Status')) }
  return { status: 200 }
}
