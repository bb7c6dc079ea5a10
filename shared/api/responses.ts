// What answers hold, as schemas: the OpenAPI document is made from them, and the compiler compares them with
// the public types. Nothing of this is loaded at run time. Clients must expect further fields.

import * as z from '#shared/shape/shape.ts'
import type * as protocol from '#shared/client/protocol.ts'
import type { Agrees, Held } from './agreement.ts'
import { algorithm, checksum } from './upload-request.ts'

const text = z.string()
const textOrNone = z.optional(text)
const count = z.int().check(z.nonnegative())
const time = z.iso.datetime()
const method = z.enum(['put', 'form', 'parts', 'resumable'])
const texts = z.record(z.string(), text)
const enforcement = z.enum(['signed', 'verified', 'open'])
const role = z.enum(['primary', 'replica'])
const atMost = z.optional(z.literal(true))

const SignedRequest = z.object({
  method: z.enum(['GET', 'HEAD', 'PUT', 'POST', 'DELETE']),
  url: text,
  headers: texts,
  fields: z.optional(texts),
})

const PartRequest = z.object({
  ...SignedRequest.shape,
  partNumber: count,
  offset: count,
  size: count,
})

const parts = z.object({ size: count, count, requests: z.array(PartRequest) })

const UploadPlan = z.object({
  id: text,
  key: text,
  store: text,
  method,
  request: z.optional(SignedRequest),
  parts: z.optional(parts),
  staged: z.boolean(),
  enforced: z.object({
    size: enforcement,
    type: enforcement,
    checksum: enforcement,
    overwrite: enforcement,
  }),
  expiresAt: time,
  expiresAtMost: atMost,
})

const Problem = z.object({
  type: text,
  title: text,
  status: z.int(),
  detail: text,
  store: textOrNone,
  key: textOrNone,
  rule: textOrNone,
  errors: z.optional(z.array(z.object({ pointer: text, detail: text }))),
})

const BatchPlan = z.object({
  uploads: z.array(z.union([z.object({ plan: UploadPlan }), z.object({ problem: Problem })])),
})

const PartsPlan = z.object({ id: text, parts, expiresAt: time, expiresAtMost: atMost })

const CompletedObject = z.object({
  key: text,
  store: text,
  size: count,
  etag: text,
  version: textOrNone,
  contentType: textOrNone,
  checksum: z.optional(checksum),
  completedAt: time,
})

const ArrivedPart = z.object({
  partNumber: count,
  size: count,
  etag: textOrNone,
  checksum: z.optional(checksum),
})

const UploadState = z.object({
  id: text,
  key: text,
  store: text,
  method,
  state: z.enum(['open', 'unbegun', 'completed', 'gone']),
  parts: z.optional(z.object({ size: count, count, arrived: z.array(ArrivedPart) })),
  object: z.optional(CompletedObject),
  expiresAt: time,
})

const UnfinishedUploads = z.object({
  uploads: z.array(z.object({ key: text, store: text, begun: z.optional(time), id: textOrNone })),
  cursor: textOrNone,
})

const Download = z.object({
  key: text,
  store: text,
  request: SignedRequest,
  expiresAt: z.optional(time),
  expiresAtMost: atMost,
  maybeStale: z.boolean(),
  because: text,
  fallbacks: z.array(
    z.object({ store: text, request: SignedRequest, expiresAt: z.optional(time) }),
  ),
  object: z.optional(z.object({ size: count, etag: text, modified: time })),
})

const StoreCopy = z.object({
  store: text,
  role,
  state: z.enum(['present', 'absent', 'unknown']),
  size: z.optional(count),
  etag: textOrNone,
  modified: z.optional(time),
  storageClass: textOrNone,
  copy: z.optional(z.enum(['current', 'older', 'foreign'])),
  problem: textOrNone,
})

const ObjectList = z.object({
  objects: z.array(
    z.object({ key: text, size: count, modified: time, stores: z.optional(z.array(StoreCopy)) }),
  ),
  prefixes: z.array(text),
  cursor: textOrNone,
  unreachable: z.optional(z.array(text)),
})

const ObjectDescription = z.object({
  key: text,
  size: count,
  contentType: textOrNone,
  contentEncoding: textOrNone,
  contentDisposition: textOrNone,
  contentLanguage: textOrNone,
  cacheControl: textOrNone,
  metadata: texts,
  checksums: z.partialRecord(algorithm, text),
  modified: time,
  stores: z.array(StoreCopy),
})

const DeleteResponse = z.object({
  key: text,
  stores: z.array(z.object({ store: text, deleted: z.boolean(), problem: textOrNone })),
})

const CopyResponse = z.object({
  key: text,
  store: text,
  size: count,
  etag: text,
  version: textOrNone,
  overwrite: enforcement,
})

const health = z.enum(['healthy', 'degraded', 'critical'])

const SweepSummary = z.object({
  job: text,
  ended: time,
  state: health,
  says: text,
  coverage: z.object({
    days: z.number(),
    inTime: count,
    late: count,
    never: count,
    sharePercent: z.number(),
    oldest: z.optional(z.object({ key: text, since: time, never: z.boolean() })),
  }),
})

const WorkspaceStatus = z.object({
  workspace: text,
  state: health,
  stores: z.array(
    z.object({
      store: text,
      role,
      provider: text,
      state: z.enum(['up', 'down', 'circuit-open']),
      milliseconds: z.optional(z.number()),
      problem: textOrNone,
    }),
  ),
  issues: z.array(
    z.object({
      severity: z.enum(['info', 'warning', 'critical']),
      store: textOrNone,
      what: text,
      action: text,
    }),
  ),
  sweeps: z.object({ quick: z.optional(SweepSummary), deep: z.optional(SweepSummary) }),
})

const WorkspaceStats = z.object({
  workspace: text,
  stores: z.array(
    z.object({
      store: text,
      objects: count,
      bytes: count,
      complete: z.boolean(),
      problem: textOrNone,
    }),
  ),
})

const ReplicationProblem = z.object({
  kind: z.enum(['late', 'set-aside', 'bare-absence', 'foreign']),
  store: text,
  key: text,
  since: time,
  reason: text,
  attempts: z.optional(count),
})

const FailoverStatus = z.object({
  epoch: count,
  acting: text,
  mode: z.enum(['normal', 'failed-over', 'returning', 'draining']),
  behind: z.array(
    z.object({ store: text, since: time, lateWritesUntil: time, comparedAt: z.optional(time) }),
  ),
  changes: z.array(
    z.object({
      epoch: count,
      what: z.enum(['failed-over', 'returning', 'failed-back', 'settled']),
      from: text,
      to: text,
      at: time,
      by: text,
      reason: textOrNone,
    }),
  ),
})

const ReplicationStatus = z.object({
  workspace: text,
  mode: z.enum(['after', 'sync', 'manual']),
  primary: text,
  failover: z.optional(FailoverStatus),
  replicas: z.array(
    z.object({
      store: text,
      lagSeconds: z.number(),
      oldestChange: z.optional(time),
      late: count,
      setAside: count,
      findings: count,
      atLeast: atMost,
      canarySeconds: z.optional(z.number()),
      canaryArrivedAt: z.optional(time),
    }),
  ),
  heldDeletes: count,
  problems: z.array(ReplicationProblem),
})

const ReplayResponse = z.object({ replayed: count, deletes: count, more: z.boolean() })

const JobSummary = z.object({
  id: text,
  kind: text,
  state: z.enum(['running', 'paused', 'ready', 'done', 'cancelled']),
  why: textOrNone,
  created: time,
  changed: time,
  by: textOrNone,
})

const Job = z.object({
  ...JobSummary.shape,
  options: z.unknown(),
  phases: z.array(z.object({ name: text, parts: count, ended: count, began: time })),
  tally: z.record(text, z.number()),
  progress: z.optional(
    z.object({ phase: text, tally: z.record(text, z.number()), at: z.optional(text) }),
  ),
  result: z.optional(z.unknown()),
})

const JobList = z.object({ jobs: z.array(JobSummary) })

const UppyEndpoint = z.object({ endpoint: text, expiresAt: time })

/** By the names that the document and the public types have for them. */
export const RESPONSES = {
  Checksum: checksum,
  SignedRequest,
  PartRequest,
  UploadPlan,
  BatchPlan,
  PartsPlan,
  ArrivedPart,
  UploadState,
  CompletedObject,
  UnfinishedUploads,
  Download,
  StoreCopy,
  ObjectList,
  ObjectDescription,
  DeleteResponse,
  CopyResponse,
  WorkspaceStatus,
  WorkspaceStats,
  ReplicationProblem,
  ReplicationStatus,
  FailoverStatus,
  ReplayResponse,
  JobSummary,
  Job,
  JobList,
  JobReport: z.unknown(),
  UppyEndpoint,
  Problem,
}

export type ResponseName = keyof typeof RESPONSES

/** Held by the compiler: a field that one side lacks does not build. */
export type Agreement = Held<
  [
    Agrees<z.infer<typeof SignedRequest>, protocol.SignedRequest>,
    Agrees<z.infer<typeof PartRequest>, protocol.PartRequest>,
    Agrees<z.infer<typeof UploadPlan>, protocol.UploadPlan>,
    Agrees<z.infer<typeof BatchPlan>, protocol.BatchPlan>,
    Agrees<z.infer<typeof PartsPlan>, protocol.PartsPlan>,
    Agrees<z.infer<typeof ArrivedPart>, protocol.ArrivedPart>,
    Agrees<z.infer<typeof UploadState>, protocol.UploadState>,
    Agrees<z.infer<typeof CompletedObject>, protocol.CompletedObject>,
    Agrees<z.infer<typeof UnfinishedUploads>, protocol.UnfinishedUploads>,
    Agrees<z.infer<typeof Download>, protocol.Download>,
    Agrees<z.infer<typeof StoreCopy>, protocol.StoreCopy>,
    Agrees<z.infer<typeof ObjectList>, protocol.ObjectList>,
    Agrees<z.infer<typeof ObjectDescription>, protocol.ObjectDescription>,
    Agrees<z.infer<typeof DeleteResponse>, protocol.DeleteResponse>,
    Agrees<z.infer<typeof CopyResponse>, protocol.CopyResponse>,
    Agrees<z.infer<typeof WorkspaceStatus>, protocol.WorkspaceStatus>,
    Agrees<z.infer<typeof WorkspaceStats>, protocol.WorkspaceStats>,
    Agrees<z.infer<typeof ReplicationProblem>, protocol.ReplicationProblem>,
    Agrees<z.infer<typeof ReplicationStatus>, protocol.ReplicationStatus>,
    Agrees<z.infer<typeof FailoverStatus>, protocol.FailoverStatus>,
    Agrees<z.infer<typeof ReplayResponse>, protocol.ReplayResponse>,
    Agrees<z.infer<typeof JobSummary>, protocol.JobSummary>,
    Agrees<z.infer<typeof Job>, protocol.Job>,
    Agrees<z.infer<typeof JobList>, protocol.JobList>,
    Agrees<z.infer<typeof UppyEndpoint>, protocol.UppyEndpoint>,
    Agrees<z.infer<typeof Problem>, protocol.Problem>,
  ]
>
