// A workspace over one store of a running server, with a clock, rules and secrets that a test chooses, and the
// client that follows its plans: `fetch` and nothing else.

import type { Principal } from '#shared/access/principal.ts'
import type { StoreOptions } from '#shared/storage/options.ts'
import type { Store } from '#shared/storage/store.ts'
import type { CompletedObject } from '#shared/client/protocol.ts'
import { createUploads } from '#shared/uploads/create.ts'
import type { UploadRules } from '#shared/uploads/rules.ts'
import { uploadRules } from '#shared/uploads/rules.ts'
import { createSeal } from '#shared/seal.ts'
import type { Uploads } from '#shared/uploads/uploads.ts'
import { downloadRules } from '#shared/workspaces/download-rules.ts'
import type { Control } from '../suites/storage/control.ts'
import type { Harness, StoreDescription } from '../suites/storage/harness.ts'
import { createHarness, freshPlace } from '../suites/storage/harness.ts'

const MiB = 1024 * 1024

/** Small enough to cross in a test, and parts as small as every provider takes them. */
export const TRANSFER = { multipartThresholdBytes: 6 * MiB, partSizeBytes: 5 * MiB }

export interface Wanted {
  name?: string
  rules?: Partial<UploadRules>
  secrets?: readonly string[]
  options?: StoreOptions
  /** Milliseconds that its clock is ahead. */
  ahead?: number
  /** Where another workspace of the same harness already is. */
  place?: string
}

export interface OpenedUploads {
  uploads: Uploads
  store: Store
  /** What lies under `.skein/`, too. */
  reserved: Store
  place: string
  /** What was announced as accepted. */
  accepted: CompletedObject[]
  control: Control | undefined
}

export const SECRET = 'a secret of at least thirty-two characters'

export const everybody: Principal = {
  name: 'tests',
  workspaces: 'all',
  scopes: new Set(['upload']),
  prefix: '',
  claims: {},
}

export type Opener = (wanted?: Wanted) => OpenedUploads

export function openerOf(description: StoreDescription): { harness: Harness; open: Opener } {
  const harness = createHarness(description, { fetch })
  return { harness, open: (wanted = {}) => open(harness, wanted) }
}

function open(harness: Harness, wanted: Wanted): OpenedUploads {
  const { name = 'app', rules, secrets = [SECRET], ahead = 0, place = freshPlace() } = wanted
  const options = { transfer: TRANSFER, ...wanted.options }
  const store = harness.open({ place, options })
  const accepted: CompletedObject[] = []
  const uploads = createUploads({
    workspace: { name, primary: store, replicas: [], downloads: downloadRules() },
    rules: { ...uploadRules(), ...rules },
    seal: createSeal(secrets),
    records: store.reserved(),
    now: () => Date.now() + ahead,
    accepted: async (object) => void accepted.push(object),
  })
  const { control } = harness
  return { uploads, store, reserved: store.reserved(), place, accepted, control }
}
