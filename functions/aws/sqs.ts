// Calls to Amazon SQS: its JSON protocol, one signed HTTPS request each, with the keys of the function's own
// role, which Lambda puts into the environment.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html

import { hash } from 'node:crypto'
import { StorageError } from '#shared/storage/errors.ts'
import { DEFAULT_RETRY, retry } from '#shared/wire/retry.ts'
import {
  AWS4,
  authorization,
  headersToSign,
  sign,
  signingKeys,
  timestamp,
} from '#shared/wire/sigv4.ts'

export type CallSqs = (action: string, request: { QueueUrl: string }) => Promise<SqsAnswer>

export interface SqsAnswer {
  /** Of a batch: what was not taken. */
  Failed?: { Id: string; Code: string; SenderFault: boolean }[]
}

type Environment = Readonly<Record<string, string | undefined>>

const CALL_MILLISECONDS = 10_000

export function createSqs(env: Environment, now: () => number = Date.now): CallSqs {
  const scope = { scheme: AWS4, region: env['AWS_REGION'] ?? '', service: 'sqs' }
  const keyOf = signingKeys(scope)

  function signed(action: string, host: string, body: string): Record<string, string> {
    const at = timestamp(now())
    const token = env['AWS_SESSION_TOKEN']
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-date': at.second,
      'x-amz-target': `AmazonSQS.${action}`,
      ...(token && { 'x-amz-security-token': token }),
    }
    const signing = { scope, keyId: env['AWS_ACCESS_KEY_ID'] ?? '', at }
    const request = { method: 'POST', host, path: '/', headers, payloadHash: hash('sha256', body) }
    const { signedHeaders, stringToSign } = headersToSign(signing, request)
    const proof = sign(keyOf(env['AWS_SECRET_ACCESS_KEY'] ?? '', at), stringToSign)
    return { ...headers, authorization: authorization(signing, signedHeaders, proof) }
  }

  async function callOnce(action: string, request: { QueueUrl: string }): Promise<SqsAnswer> {
    const { origin, host } = new URL(request.QueueUrl)
    const body = JSON.stringify(request)
    const headers = signed(action, host, body)
    const signal = AbortSignal.timeout(CALL_MILLISECONDS)
    const answer = await fetch(`${origin}/`, { method: 'POST', headers, body, signal }).catch(
      (cause: unknown) => {
        throw refusal(action, request.QueueUrl, 'does not answer', true, cause)
      },
    )
    const text = await answer.text()
    if (answer.ok) return JSON.parse(text || '{}') as SqsAnswer
    // What was wrong stands in the type; the message may repeat what was sent.
    const type = /"__type"\s*:\s*"([\w.#]{1,120})"/.exec(text)?.[1]?.replace(/^.*#/, '')
    const passing = answer.status >= 500 || answer.status === 429 || /throttl/i.test(type ?? '')
    throw refusal(action, request.QueueUrl, `answered ${answer.status} ${type ?? ''}`, passing)
  }

  return (action, request) =>
    retry(
      () => callOnce(action, request),
      (error) => ({ retry: error instanceof StorageError && error.retry === 'later' }),
      DEFAULT_RETRY,
    )
}

function refusal(
  action: string,
  queueUrl: string,
  what: string,
  passing: boolean,
  cause?: unknown,
): StorageError {
  return new StorageError(
    'unavailable',
    `The queue ${queueUrl} ${what.trim()} to ${action}; check its URL and the function's permissions.`,
    { retry: passing ? 'later' : 'never', cause },
  )
}
