// The stores that uploads are tested with: each wire, the look-alikes whose lacks change the way an upload goes, and
// Ceph where a run has it.

import type { Servers } from '../harness/servers.ts'
import {
  describeAzurite,
  describeGcs,
  describeRadosgw,
  describeS3,
} from '../harness/descriptions.ts'
import { openFolders } from '../harness/folders.ts'
import type { StoreDescription } from '../suites/storage/harness.ts'

/** The row of Amazon itself, which an endpoint in the URI would hide. */
export const AMAZON = { row: 's3', parameters: { region: 'us-east-1' } }

export interface Stores {
  described: StoreDescription[]
  /** With the reason. */
  missing: { name: string; reason: string }[]
  close(): Promise<void>
}

export async function describeStores(servers: Servers): Promise<Stores> {
  const folders = await openFolders()
  const ceph = await describeRadosgw(servers)
  const minPartBytes = 5_000_000
  const described = await Promise.all([
    describeS3(servers, { name: 's3', ...AMAZON }),
    describeS3(servers, { name: 's3 with versions', ...AMAZON, versioning: 'Enabled' }),
    describeS3(servers, { name: 'r2', scheme: 'r2://account/', dialect: 'r2' }),
    describeS3(servers, {
      ...{ name: 'b2', scheme: 'b2://', dialect: { like: 'b2', minPartBytes } },
      parameters: { region: 'us-west-004' },
    }),
    describeS3(servers, {
      ...{ name: 's3-compatible', dialect: { like: 'spaces', listV2Paging: true } },
    }),
    describeGcs(servers),
    describeAzurite(servers),
  ])
  return {
    described: [...described, folders.description, ...(typeof ceph === 'string' ? [] : [ceph])],
    missing: typeof ceph === 'string' ? [{ name: 'ceph', reason: ceph }] : [],
    close: () => folders.close(),
  }
}
