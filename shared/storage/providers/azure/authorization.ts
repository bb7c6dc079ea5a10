// What lets a request of the driver in: a token goes before it in a header, a SAS is put behind its URL. An
// account key signs a SAS of the container, for what is to be done alone. (The key could sign each request's
// headers instead; in which order Azure then reads them follows the collation of its own machines.)

import type { KeyObject } from 'node:crypto'
import { containerFields, sasQuery } from './sas.ts'
import type { AzureSettings } from './settings.ts'

export interface Authorization {
  /** Empty, or what goes behind the others in the query. */
  query: string
  headers: Record<string, string>
}

/** `permissions` are what a SAS has to allow, in Azure's order, `racwdxltmeiy`. */
export type Authorize = (permissions: string) => Promise<Authorization>

const LIFE_MILLISECONDS = 20 * 60_000
/** As long as one is used for new requests; what is left then outlives clocks that differ. */
const USE_MILLISECONDS = 5 * 60_000

export function authorizer(settings: AzureSettings): Authorize {
  const { credential } = settings
  switch (credential.kind) {
    case 'key': {
      const sign = keptSignatures(settings, credential.key)
      return async (permissions) => ({ query: sign(permissions), headers: {} })
    }
    case 'sas': {
      const { query } = credential.sas
      return async () => ({ query, headers: {} })
    }
    default:
      return async () => {
        const { token } = await credential.token()
        return { query: '', headers: { authorization: `Bearer ${token}` } }
      }
  }
}

/** One signature serves all requests of its kind for a while. */
function keptSignatures(settings: AzureSettings, key: KeyObject): (permissions: string) => string {
  const kept = new Map<string, { query: string; signedAt: number }>()
  return (permissions) => {
    const now = settings.now()
    const last = kept.get(permissions)
    if (last && now >= last.signedAt && now - last.signedAt < USE_MILLISECONDS) return last.query
    const fields = containerFields(settings, { permissions, until: now + LIFE_MILLISECONDS })
    const query = sasQuery('service', fields, key)
    kept.set(permissions, { query, signedAt: now })
    return query
  }
}
