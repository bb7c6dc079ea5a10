// What others have to know of the rules of a workspace's copies to judge what a replica lacks, or has too much.

import type { Ledger } from '#shared/jobs/ledger.ts'
import type { CopyRules } from '#shared/jobs/place.ts'
import type { ReplicationRules } from './rules.ts'
import { selects } from './rules.ts'
import { tombstoneName } from './tombstone.ts'

export function copyRules(
  { only, deletes, missedAfterSeconds }: ReplicationRules,
  workspace: string,
  ledger: Ledger,
): CopyRules {
  return {
    wanted({ key, size, contentType }) {
      // Tags would cost a request an object: by such rules nobody can say that a copy is missing.
      if (only.tags) return false
      // A listing tells no type: what may be wanted is looked at.
      const types = contentType === undefined ? undefined : only.types
      return selects({ ...only, types }, { key, size, contentType })
    },
    settleSeconds: missedAfterSeconds,
    keepsDeleted: deletes.policy === 'keep',
    deleted: async (key) => (await ledger.read(tombstoneName(workspace, key))) !== undefined,
  }
}
