// What one object costs, as `npm run bench -- fanout` measured it: 16 KiB from S3 to S3, by the built consumer. The
// figures are of a machine that did other things as well; counts of requests do not depend on that.

export const MEASURED = {
  /** Of a copy: one GET at the primary, one conditional PUT at the replica. */
  copyReads: 1,
  copyWrites: 1,
  /** Of an upload at the primary: the client's PUT, and what the completion reads and records. */
  uploadReads: 2,
  uploadWrites: 2,
  /** Of one core. */
  copyCpuMs: 1.45,
  apiCpuMs: 2.1,
  /** Of one instance, at its most. */
  instanceMiB: 148,
  objectBytes: 16_384,
} as const

/** What stores take to answer here and there. The benchmark's stores take 25; across a continent 50 is usual. */
export const ASSUMED_MILLISECONDS = 50
/** The API stands beside its primary. */
export const ASSUMED_NEAR_MILLISECONDS = 15
