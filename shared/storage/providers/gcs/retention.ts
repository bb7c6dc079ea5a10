// Per-object retention and holds. Google's `Unlocked` can be shortened by whoever may override it, as
// `governance` can; `Locked` by nobody, as `compliance`. https://cloud.google.com/storage/docs/object-lock

import type { RetentionDriver } from '../../contract.ts'
import { readResource } from './reading.ts'
import type { Transport } from './transport.ts'

export function retentionOf(transport: Transport): RetentionDriver {
  const patch = async (
    key: string,
    change: object,
    { version, signal }: { version?: string | undefined; signal: AbortSignal },
  ) => {
    const path = transport.objectPath(key)
    const query = { generation: version, fields: 'generation' }
    await transport.json({ method: 'PATCH', path, query, json: change, key, signal })
  }
  return {
    async get(key, options) {
      const { retention, temporaryHold = false } = await readResource(transport, key, options)
      if (!retention) return { hold: temporaryHold }
      const mode = retention.mode === 'Locked' ? 'compliance' : 'governance'
      const until = new Date(retention.retainUntilTime)
      return { retention: { mode, until }, hold: temporaryHold }
    },
    setRetention(key, { mode, until }, options) {
      const retention = {
        mode: mode === 'compliance' ? 'Locked' : 'Unlocked',
        retainUntilTime: until.toISOString(),
      }
      return patch(key, { retention }, options)
    },
    setHold: (key, hold, options) => patch(key, { temporaryHold: hold }, options),
  }
}
