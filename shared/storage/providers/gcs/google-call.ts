// The two calls that are not storage's own: a token, and a signature by IAM. Answers are JSON; a refusal
// becomes one sentence with Google's own reason and never what was sent.

import { isGroup } from '#shared/shape/group.ts'
import { StorageError } from '../../errors.ts'

const TIMEOUT_MS = 30_000

export async function callGoogle(
  store: string,
  url: string,
  request: { method: string; headers?: Record<string, string>; body: string | URLSearchParams },
): Promise<Record<string, unknown>> {
  const { origin } = new URL(url)
  let status: number
  let text: string
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) })
    status = response.status
    text = await response.text()
  } catch (cause) {
    throw new StorageError(
      'unavailable',
      `${origin} cannot be reached, so ${store} has no credentials; check the network.`,
      { store, cause },
    )
  }
  const answer = parseObject(text)
  if (status !== 200 || answer === undefined) throw refusal(store, origin, status, answer)
  return answer
}

function refusal(
  store: string,
  origin: string,
  status: number,
  answer: Record<string, unknown> | undefined,
): StorageError {
  const busy = status === 429 || status >= 500
  const kind = busy ? 'unavailable' : status === 403 ? 'denied' : 'unauthenticated'
  const advice = busy
    ? 'try again'
    : "check the account, its key and roles, and this machine's clock"
  return new StorageError(
    kind,
    `${origin} refused credentials for ${store} with ${status} (${reasonOf(answer)}); ${advice}.`,
    { store, status },
  )
}

/** OAuth says `error` and `error_description`, IAM says `error.message`. */
function reasonOf(answer: Record<string, unknown> | undefined): string {
  const error = answer?.['error']
  if (typeof error === 'string') {
    const description = answer?.['error_description']
    return typeof description === 'string' ? `${error}: ${description}` : error
  }
  const message = isGroup(error) ? error['message'] : undefined
  return typeof message === 'string' ? message : 'no reason given'
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isGroup(value) ? value : undefined
  } catch {
    return undefined
  }
}
