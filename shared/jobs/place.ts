// What a kind of job may use of a suite: the stores of its workspace, the ledger, prices, and what makes marks.

import type { Task } from '#shared/platform.ts'
import type { Prices } from '#shared/prices/prices.ts'
import type { Seal } from '#shared/seal.ts'
import type { Store } from '#shared/storage/store.ts'
import type { JobKind } from './job.ts'
import type { Ledger } from './ledger.ts'

export interface JobPlace {
  /** Its name; empty for a job of the command line that is about no workspace. */
  workspace: string
  /** The workspace's, the primary first; none for a job that is about no workspace. */
  stores: readonly Store[]
  /** The store whose content the others follow, where that is not always the first. */
  truth?: (() => Promise<string>) | undefined
  /** By its name; on the command line by its URI too. Throws `invalid` for what there is not. */
  store(name: string): Store
  /** What the workspace's rules say of its copies. */
  copies?: CopyRules | undefined
  ledger: Ledger
  seal: Seal
  prices(): Promise<Prices>
  now: () => number
  /** For what goes on beside the job, such as a copy or a webhook. */
  send(tasks: readonly Task[], options?: { delaySeconds?: number | undefined }): Promise<void>
  log?: ((line: string) => void) | undefined
}

export interface CopyRules {
  /** Whether replicas are to have it, as far as a listing or a HEAD tells. */
  wanted(object: { key: string; size: number; contentType?: string | undefined }): boolean
  /** How long a copy may take. */
  settleSeconds: number
  /** What is deleted at the primary stays at the replicas. */
  keepsDeleted: boolean
  /** Skein itself deleted it, and the replicas will hear of it. */
  deleted(key: string): Promise<boolean>
}

export type OpenKind = (place: JobPlace) => Promise<JobKind>
