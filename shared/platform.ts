// What an entry point hands in: everything of its runtime that the shared code may use. Nothing here is
// sniffed at run time; a runtime says what it has.

export interface Platform {
  env: Readonly<Record<string, string | undefined>>
  /** Objects that the runtime binds by name: R2 buckets in a Worker. */
  bindings?: Readonly<Record<string, unknown>> | undefined
  /** True where folders are real and outlive the process. */
  fileSystem: boolean
  /** Milliseconds since the epoch. */
  now: () => number
  /** A line for the operator; never a secret, a signature or a token. */
  log?: (line: string) => void
}
