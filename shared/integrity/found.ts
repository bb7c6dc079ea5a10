// Findings as sentences: each says what was seen, where, and what it was held against.

import type { Copy } from './judge.ts'
import type { Finding } from './findings.ts'

function of(copy: Copy): Pick<Finding, 'store' | 'size' | 'grade'> {
  const { store, info, read } = copy
  return { store, size: info?.size, grade: read ? 'bytes' : 'declared' }
}

export function extra(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${primary.store} has no such object, and nothing says that it was deleted there.`
  return { ...of(copy), kind: 'extra', key, reason, grade: undefined }
}

export function missing(key: string, primary: Copy, { store }: Copy): Finding {
  const reason = `${store} has no such object, which ${primary.store} has had since ${primary.info!.modified.toISOString()}.`
  return { kind: 'missing', key, store, reason }
}

export function unreadable(key: string, copy: Copy): Finding {
  return { kind: 'unreadable', key, store: copy.store, reason: copy.unreadable! }
}

export function rotten(key: string, copy: Copy): Finding {
  const reason = `The bytes that ${copy.store} gives are not those of its own digest.`
  return { ...of(copy), kind: 'corrupt', key, reason }
}

export function unlikeRecord(key: string, copy: Copy): Finding {
  const reason = `What ${copy.store} holds is not what Skein recorded of this version.`
  return { ...of(copy), kind: 'corrupt', key, reason }
}

export function outvoted(key: string, copy: Copy): Finding {
  const reason = `The other stores agree with each other, and not with ${copy.store}.`
  return { ...of(copy), kind: 'corrupt', key, reason, by: 'majority' }
}

export function stale(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${copy.store} holds a copy of an older version than ${primary.store}.`
  return { ...of(copy), kind: 'stale', key, reason }
}

export function newer(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${copy.store} holds a copy of a newer version than ${primary.store} has, which may have been set back.`
  return { ...of(copy), kind: 'differs', key, reason }
}

export function undecided(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${copy.store} and ${primary.store} hold different bytes, and no record says which are right.`
  return { ...of(copy), kind: 'differs', key, reason }
}

export function unchecked(key: string, primary: Copy, copy: Copy): Finding {
  const reason = `${primary.store} and ${copy.store} tell no digest of one kind for it, so only reading could say; sizes are equal.`
  return { kind: 'unchecked', key, store: copy.store, grade: 'size', reason }
}
