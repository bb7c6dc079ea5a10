// The configuration documents of a bucket: CORS, lifecycle, encryption, notification, tagging, object
// lock and versioning. Each is checked when put, kept as XML, and given back as it was.

import { xmlAnswer } from './call.ts'
import type { Answer, Call, Handler } from './call.ts'
import { parseCorsRules } from './cors.ts'
import { refuse } from './errors.ts'
import type { ErrorCode } from './errors.ts'
import { checkLifecycle } from './lifecycle.ts'
import { receiveXml } from './receive.ts'
import type { Bucket } from './state.ts'
import { parseTagXml } from './tags.ts'
import { element, optional, s3Document } from './xml.ts'
import { childOf, childrenOf, readXml, requireText, textOf, writeNode } from './xml-read.ts'
import type { Node } from './xml-read.ts'

type Kind = {
  root: string
  /** What a GET answers where nothing was put; an empty document where undefined. */
  missing: ErrorCode | undefined
  /** S3 demands a digest over these. */
  needsDigest: boolean
  check: (document: Node, bucket: Bucket) => void
}

const kinds = {
  cors: {
    root: 'CORSConfiguration',
    missing: 'NoSuchCORSConfiguration',
    needsDigest: true,
    check: (document) => void parseCorsRules(document),
  },
  lifecycle: {
    root: 'LifecycleConfiguration',
    missing: 'NoSuchLifecycleConfiguration',
    needsDigest: true,
    check: checkLifecycle,
  },
  encryption: {
    root: 'ServerSideEncryptionConfiguration',
    missing: 'ServerSideEncryptionConfigurationNotFoundError',
    needsDigest: false,
    check: checkEncryption,
  },
  notification: {
    root: 'NotificationConfiguration',
    missing: undefined,
    needsDigest: false,
    check: checkNotification,
  },
  tagging: {
    root: 'Tagging',
    missing: 'NoSuchTagSet',
    needsDigest: true,
    check: () => undefined,
  },
  'object-lock': {
    root: 'ObjectLockConfiguration',
    missing: 'ObjectLockConfigurationNotFoundError',
    needsDigest: true,
    check: checkObjectLock,
  },
} as const satisfies Record<string, Kind>

export type ConfigurationName = keyof typeof kinds

export function putConfiguration(name: ConfigurationName): Handler {
  const kind: Kind = kinds[name]
  return async (call, bucket) => {
    const text = await receiveXml(call, bucket.dialect, kind.needsDigest)
    const document = readXml(text, kind.root)
    if (name === 'tagging') parseTagXml(text, 50)
    kind.check(document, bucket)
    bucket.configurations.set(name, s3Document(kind.root, document.children.map(writeNode)))
    return { status: name === 'tagging' ? 204 : 200 }
  }
}

export function getConfiguration(name: ConfigurationName): Handler {
  const kind: Kind = kinds[name]
  return (_call, bucket) => {
    const stored = bucket.configurations.get(name)
    if (stored !== undefined) return xmlAnswer(stored)
    if (name === 'encryption') return xmlAnswer(encryptionByDefault())
    if (name === 'object-lock' && bucket.objectLock) return xmlAnswer(lockEnabled())
    if (kind.missing === undefined) return xmlAnswer(s3Document(kind.root))
    throw refuse(kind.missing, undefined, { details: { BucketName: bucket.name } })
  }
}

export function deleteConfiguration(name: ConfigurationName): Handler {
  return (_call, bucket) => {
    bucket.configurations.delete(name)
    return { status: 204 }
  }
}

/** Since 2023 every bucket encrypts with S3's own keys, asked or not. */
function encryptionByDefault(): string {
  const byDefault = element('ApplyServerSideEncryptionByDefault', element('SSEAlgorithm', 'AES256'))
  const rule = element('Rule', byDefault, element('BucketKeyEnabled', false))
  return s3Document('ServerSideEncryptionConfiguration', rule)
}

function lockEnabled(): string {
  return s3Document('ObjectLockConfiguration', element('ObjectLockEnabled', 'Enabled'))
}

function checkEncryption(document: Node): void {
  const rule = childOf(document, 'Rule')
  const byDefault = rule && childOf(rule, 'ApplyServerSideEncryptionByDefault')
  if (!byDefault) throw refuse('MalformedXML')
  const algorithm = requireText(byDefault, 'SSEAlgorithm')
  if (!['AES256', 'aws:kms', 'aws:kms:dsse'].includes(algorithm)) throw refuse('MalformedXML')
}

const targets = {
  QueueConfiguration: 'Queue',
  TopicConfiguration: 'Topic',
  CloudFunctionConfiguration: 'CloudFunction',
}

function checkNotification(document: Node): void {
  for (const child of document.children) {
    if (child.name === 'EventBridgeConfiguration') continue
    const target = Object.entries(targets).find(([name]) => name === child.name)?.[1]
    if (target === undefined) throw refuse('MalformedXML')
    if (!requireText(child, target).startsWith('arn:')) {
      throw refuse('InvalidArgument', 'The ARN is not well formed')
    }
    const events = childrenOf(child, 'Event')
    if (events.length === 0) throw refuse('MalformedXML')
    if (events.some((event) => !event.text.startsWith('s3:'))) {
      throw refuse('InvalidArgument', 'The event is not supported for notifications')
    }
  }
}

function checkObjectLock(document: Node, bucket: Bucket): void {
  if (!bucket.objectLock) {
    throw refuse(
      'InvalidBucketState',
      'Object Lock configuration cannot be enabled on existing buckets',
    )
  }
  if (textOf(document, 'ObjectLockEnabled') !== 'Enabled') throw refuse('MalformedXML')
  const rule = childOf(document, 'Rule')
  const retention = rule && childOf(rule, 'DefaultRetention')
  if (!rule) return
  if (!retention) throw refuse('MalformedXML')
  const mode = requireText(retention, 'Mode')
  const periods = [textOf(retention, 'Days'), textOf(retention, 'Years')].filter(Boolean)
  if (!['GOVERNANCE', 'COMPLIANCE'].includes(mode) || periods.length !== 1) {
    throw refuse('MalformedXML')
  }
}

export function getBucketVersioning(_call: Call, bucket: Bucket): Answer {
  const status = bucket.versioning === 'Off' ? undefined : bucket.versioning
  return xmlAnswer(s3Document('VersioningConfiguration', optional('Status', status)))
}

export async function putBucketVersioning(call: Call, bucket: Bucket): Promise<Answer> {
  if (bucket.dialect.versioning === 'off') {
    throw refuse('NotImplemented', 'PutBucketVersioning is not implemented.')
  }
  const text = await receiveXml(call, bucket.dialect)
  const status = textOf(readXml(text, 'VersioningConfiguration'), 'Status')
  if (status !== 'Enabled' && status !== 'Suspended') throw refuse('MalformedXML')
  const fixed = bucket.objectLock || bucket.dialect.versioning === 'always'
  if (fixed && status === 'Suspended') {
    throw refuse('InvalidBucketState', 'The versioning state of this bucket cannot be changed.')
  }
  bucket.versioning = status
  return { status: 200 }
}
