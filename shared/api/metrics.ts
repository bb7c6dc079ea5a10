// `/metrics`, for Prometheus. It tells of all workspaces, so it takes a token that is for all of them, or the
// word of the configuration that only the scraper gets there.

import type { Hono } from 'hono'
import type { Authenticate } from '#shared/access/authenticate.ts'
import { createAuthenticate } from '#shared/access/authenticate.ts'
import { EXPOSITION_TYPE, exposition } from '#shared/metrics/exposition.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { Suite } from '#shared/suite.ts'
import type { Gate } from './gate.ts'
import type { ApiEnv } from './request-id.ts'
import { requestIdOf } from './request-id.ts'

export const METRICS_PATH = '/metrics'

export function serveMetrics(api: Hono<ApiEnv>, suite: Suite, gate: Gate): void {
  const { config, platform } = suite
  let authenticate: Authenticate | undefined

  async function admit(request: Request): Promise<void> {
    if (config.metrics === 'open') return
    authenticate ??= createAuthenticate(config.access, platform.now)
    const who = await authenticate(request.headers.get('authorization'))
    if (who.scopes.has('operate') && who.workspaces === 'all' && who.prefix === '') return
    throw new StorageError(
      'denied',
      'The metrics tell of everything: they take a token with the scope `operate` for all workspaces and all keys.',
    )
  }

  api.get(METRICS_PATH, async ({ req: { raw } }) => {
    await admit(raw)
    const { replicationGauges } = await import('./replication-gauges.ts')
    const series = new Map([...suite.counters.read(), ...(await replicationGauges(suite))])
    const headers = { 'content-type': EXPOSITION_TYPE }
    const body = exposition(series)
    return gate.respond(raw, requestIdOf(raw), { status: 200, body, headers })
  })
}
