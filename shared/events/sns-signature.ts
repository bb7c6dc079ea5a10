// Whether Amazon's SNS has sent this, of a topic that the configuration names. The certificate is fetched from
// SNS itself in the topic's own region and kept; a message that does not hold is no error but undefined.
// Whether the certificate has run out since is not looked at: the age of the message is.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html

import { createVerify, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { StorageError } from '#shared/storage/errors.ts'
import { parseJson, textAt } from './json.ts'
import type { Outside } from './outside.ts'
import type { SnsRule } from './rules.ts'

const HASHES: Readonly<Record<string, string>> = { 1: 'RSA-SHA1', 2: 'RSA-SHA256' }
const CONFIRMATION = [
  'Message',
  'MessageId',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
  'Type',
]

/** What is signed, by type; a Subject only where there is one. */
const SIGNED: Readonly<Record<string, readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: CONFIRMATION,
  UnsubscribeConfirmation: CONFIRMATION,
}

const DOMAINS: Readonly<Record<string, string>> = {
  aws: 'amazonaws.com',
  'aws-us-gov': 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
}

const CLOCK_SKEW_MS = 300_000
const FETCH_MS = 5000
const MAX_CERTIFICATE_LENGTH = 20_000
const MAX_KEYS = 16

export interface SnsMessage {
  type: string
  /** The whole message, as it was signed. */
  payload: unknown
  /** Where a subscription is confirmed; of SNS in the topic's region, or undefined. */
  confirmAt: URL | undefined
}

export type VerifySns = (body: string) => Promise<SnsMessage | undefined>

export function createSnsVerifier(
  { topics, maxAgeSeconds }: SnsRule,
  { now, fetch }: Outside,
): VerifySns {
  const keys = new Map<string, KeyObject>()

  function isFresh(payload: unknown): boolean {
    const age = now() - Date.parse(textAt(payload, 'Timestamp') ?? '')
    return age <= maxAgeSeconds * 1000 && age >= -CLOCK_SKEW_MS
  }

  async function keyAt(url: URL): Promise<KeyObject | undefined> {
    const kept = keys.get(url.href)
    if (kept) return kept
    const key = keyOf(await fetchCertificate(fetch, url))
    if (key === undefined) return undefined
    if (keys.size >= MAX_KEYS) keys.clear()
    keys.set(url.href, key)
    return key
  }

  return async (body) => {
    const payload = parseJson(body)
    const type = textAt(payload, 'Type') ?? ''
    const hash = HASHES[textAt(payload, 'SignatureVersion') ?? '']
    const topic = textAt(payload, 'TopicArn') ?? ''
    if (hash === undefined || !Object.hasOwn(SIGNED, type) || !topics.includes(topic))
      return undefined
    const certificate = urlOfSns(textAt(payload, 'SigningCertURL'), topic)
    if (certificate === undefined || !isCertificate(certificate) || !isFresh(payload))
      return undefined
    const key = await keyAt(certificate)
    if (key === undefined) return undefined
    const verify = createVerify(hash).update(stringToSign(payload, type))
    if (!verify.verify(key, textAt(payload, 'Signature') ?? '', 'base64')) return undefined
    return { type, payload, confirmAt: urlOfSns(textAt(payload, 'SubscribeURL'), topic) }
  }
}

/** Fails where the confirmation does: SNS then sends its message once more. */
export async function confirmSubscription(url: URL, fetch: Outside['fetch']): Promise<void> {
  const answer = await ask(fetch, url)
  await answer.body?.cancel()
  if (!answer.ok) throw unavailable(url, answer.status)
}

/** Each name and value on a line of its own, in order; exported for the vectors. */
export function stringToSign(payload: unknown, type: string): string {
  return (SIGNED[type] ?? [])
    .map((name) => [name, textAt(payload, name)] as const)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}\n${value}\n`]))
    .join('')
}

/** Undefined unless it leads to SNS in the topic's region: nobody makes us ask anybody else. */
function urlOfSns(text: string | undefined, topic: string): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const [, partition = '', , region] = topic.split(':')
  const domain = DOMAINS[partition]
  const right = domain !== undefined && url.origin === `https://sns.${region}.${domain}`
  return right && url.username === '' && url.password === '' ? url : undefined
}

function isCertificate({ pathname, search }: URL): boolean {
  return /^\/[\w-]+\.pem$/.test(pathname) && search === ''
}

/** Undefined where there is none at that address. */
async function fetchCertificate(fetch: Outside['fetch'], url: URL): Promise<string | undefined> {
  const answer = await ask(fetch, url)
  if (answer.status >= 500 || answer.status === 429) throw unavailable(url, answer.status)
  const text = await answer.text()
  return answer.ok && text.length <= MAX_CERTIFICATE_LENGTH ? text : undefined
}

function keyOf(certificate: string | undefined): KeyObject | undefined {
  try {
    return certificate === undefined ? undefined : new X509Certificate(certificate).publicKey
  } catch {
    return undefined
  }
}

async function ask(fetch: Outside['fetch'], url: URL): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(FETCH_MS) })
  } catch (error) {
    throw new StorageError('unavailable', `${url.host} does not answer; try again.`, {
      cause: error,
    })
  }
}

function unavailable({ host }: URL, status: number): StorageError {
  return new StorageError('unavailable', `${host} answered ${status}; try again.`)
}
