// Any notification of any provider, known by its shape: what comes through a queue does not say whose it is.

import type { Reading } from './event.ts'
import { isAws, readAws } from './aws.ts'
import { isAzure, readAzure } from './azure.ts'
import { isB2, readB2 } from './b2.ts'
import { isGcs, readGcs } from './gcs.ts'
import { isR2, readR2 } from './r2.ts'

/** Undefined for what is no provider's notification. */
export function readNotification(payload: unknown, delivery: string): Reading[] | undefined {
  if (isAws(payload)) return readAws(payload, delivery)
  if (isAzure(payload)) return readAzure(payload)
  if (isGcs(payload)) return [readGcs(payload)]
  if (isR2(payload)) return [readR2(payload)]
  if (isB2(payload)) return readB2(payload)
  return undefined
}
