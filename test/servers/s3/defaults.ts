// What a bucket's configuration gives to objects that say nothing themselves: encryption and retention.

import { clockOf } from './state.ts'
import type { Bucket, Encryption, Lock, State } from './state.ts'
import { childOf, readXml, textOf } from './xml-read.ts'

const dayMs = 86_400_000

export function encryptionDefault(bucket: Bucket): Encryption {
  const stored = bucket.configurations.get('encryption')
  if (stored === undefined) return { algorithm: 'AES256' }
  const rule = childOf(readXml(stored, 'ServerSideEncryptionConfiguration'), 'Rule')
  const byDefault = rule && childOf(rule, 'ApplyServerSideEncryptionByDefault')
  if (!byDefault || textOf(byDefault, 'SSEAlgorithm') !== 'aws:kms') return { algorithm: 'AES256' }
  const kmsKeyId = textOf(byDefault, 'KMSMasterKeyID')
  return { algorithm: 'aws:kms', ...(kmsKeyId === undefined ? {} : { kmsKeyId }) }
}

export function lockDefault(state: State, bucket: Bucket): Lock {
  const stored = bucket.configurations.get('object-lock')
  if (stored === undefined) return {}
  const rule = childOf(readXml(stored, 'ObjectLockConfiguration'), 'Rule')
  const retention = rule && childOf(rule, 'DefaultRetention')
  if (!retention) return {}
  const days =
    Number(textOf(retention, 'Days') ?? 0) + 365 * Number(textOf(retention, 'Years') ?? 0)
  const mode = textOf(retention, 'Mode') === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE'
  return { mode, retainUntilMs: clockOf(state) + days * dayMs }
}
