// The control plane of the project's own servers, as a test uses it: faults on demand, and the log of
// what was asked. Both belong to one bucket, so that test files do not disturb each other.

export interface ControlAddress {
  url: string
  bucket: string
}

export interface Fault {
  method?: string
  operation?: string
  keyPrefix?: string
  times: number
  /** Requests to let through first. */
  skip?: number
  action:
    | { status: number; code?: string; reason?: string; retryAfter?: number }
    | { cutAfterBytes: number }
    | { cutRequestAfterBytes: number }
    | { hang: true }
    | { okWithError: string }
    | { loseAnswer: true }
    | { delayMs: number }
    | { flipByteAt: number }
}

export interface LoggedRequest {
  operation: string
  method: string
  key?: string
  status: number
}

export interface Control {
  fault(...faults: Fault[]): Promise<void>
  /** Ends all faults and forgets what was asked. */
  clear(): Promise<void>
  requests(): Promise<LoggedRequest[]>
}

export function createControl({ url, bucket }: ControlAddress, send: typeof fetch): Control {
  const plane = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await send(`${url}/__control/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
    })
    const text = await answer.text()
    if (!answer.ok)
      throw new Error(`the control plane answered ${answer.status} to ${path}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const ours = `bucket=${encodeURIComponent(bucket)}`
  return {
    fault: async (...faults) => {
      await plane(
        'POST',
        'faults',
        faults.map((fault) => ({ bucket, ...fault })),
      )
    },
    clear: async () => {
      await plane('DELETE', `faults?${ours}`)
      await plane('DELETE', `requests?${ours}`)
    },
    requests: async () => logged(await plane('GET', `requests?${ours}`)),
  }
}

function logged(answer: unknown): LoggedRequest[] {
  if (Array.isArray(answer)) return answer as LoggedRequest[]
  if (typeof answer === 'object' && answer !== null && 'requests' in answer) {
    return logged(answer.requests)
  }
  throw new Error('the control plane gave no list of requests')
}
