// A bucket to set up: opened as a store with `openSetup`, and as its owner with the provider's own client, by
// which a test puts the owner's rules there and sees what has become of them.

import { openSetup } from '#shared/storage/setup.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import type { Setup } from '#shared/storage/schema.ts'
import type { SetupState, SetupStep } from '#shared/storage/setup-step.ts'

export const PLATFORM = { env: {}, fileSystem: true, now: Date.now }

export interface Described {
  uri: string
  options?: StoreOptions
}

/** The bucket as a store, whole or below a prefix. */
export function setupOf({ uri, options }: Described, prefix = '') {
  const place = prefix === '' ? '' : `/${prefix}`
  return openSetup(uri.replace('/{place}', place), PLATFORM, options)
}

export async function plan(bucket: Described, wanted: Setup, prefix = ''): Promise<SetupStep[]> {
  const opened = setupOf(bucket, prefix)
  const steps = await opened.plan(wanted)
  await opened.close()
  return steps
}

/** Carries the plan out, and gives back what was planned. */
export async function apply(bucket: Described, wanted: Setup, prefix = ''): Promise<SetupStep[]> {
  const opened = setupOf(bucket, prefix)
  const steps = await opened.plan(wanted)
  for (const step of steps) await step.apply?.()
  await opened.close()
  return steps
}

export function statesOf(steps: readonly SetupStep[]): [what: string, state: SetupState][] {
  return steps.map(({ what, state }) => [what, state])
}

export const ORIGIN = 'https://app.example.com'

export interface Preflight {
  status: number
  allowed: string
  methods: string
}

/** Asks as a browser does before it sends a signed request. */
export async function preflight(url: string, headers: string, method = 'PUT'): Promise<Preflight> {
  const answer = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin: ORIGIN,
      'access-control-request-method': method,
      'access-control-request-headers': headers,
    },
  })
  await answer.arrayBuffer()
  return {
    status: answer.status,
    allowed: (answer.headers.get('access-control-allow-headers') ?? '').toLowerCase(),
    methods: answer.headers.get('access-control-allow-methods') ?? '',
  }
}

/** What a page may read of the answer. */
export async function exposedBy(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { origin: ORIGIN } })
  await answer.arrayBuffer()
  return (answer.headers.get('access-control-expose-headers') ?? '').toLowerCase()
}
