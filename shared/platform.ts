// What an entry point hands in: everything of its runtime that the shared code may use. Nothing here is
// sniffed at run time; a runtime says what it has.

/** A unit of work for the queue. `kind` says which; the rest is that kind's own. */
export interface Task {
  v: 1
  kind: string
  [field: string]: unknown
}

export interface Queue {
  /** Resolves once every task is kept. A delay is 15 minutes at most, which every platform can. */
  send(tasks: readonly Task[], options?: { delaySeconds?: number | undefined }): Promise<void>
}

export interface AnswerInit {
  status: number
  headers: Readonly<Record<string, string>>
}

/** Digests in the making, of bytes that pass by. */
export interface DigestsInThread {
  /** The bytes are free again when it resolves; it rejects when nothing will come of it. */
  update(bytes: Uint8Array): Promise<void>
  /** Once all have passed, by the algorithms' names. */
  values(): Promise<Record<string, string>>
  /** Nobody asks for the values any more. */
  drop(): void
}

export interface Platform {
  env: Readonly<Record<string, string | undefined>>
  /** Objects that the runtime binds by name: R2 buckets in a Worker. */
  bindings?: Readonly<Record<string, unknown>> | undefined
  /** True where folders are real and outlive the process. */
  fileSystem: boolean
  /** A file beside the program, where there are any; undefined when it is not there. */
  readFile?: ((path: string) => Promise<string | undefined>) | undefined
  /** How others than stores are asked, such as those who publish keys; absent: the runtime's own. */
  fetch?: ((url: string | URL, init?: RequestInit) => Promise<Response>) | undefined
  /** How an answer is made where the runtime's own class is dear to load; absent: by that. */
  answer?: ((body: string | null, init: AnswerInit) => Response) | undefined
  /** Where this part of a deployment hands on what it was not given; `body` is what it has read, as data. */
  onward?: (request: Request, body?: unknown) => Promise<Response>
  /** Digests of much by a thread of their own, where there is one for it; absent: by the one that moves the bytes. */
  startInThread?: ((algorithms: readonly string[]) => DigestsInThread | undefined) | undefined
  /** Milliseconds since the epoch. */
  now: () => number
  /** The platform's own queue, where it was given one. */
  queue?: Queue | undefined
  /** Lets work go on after the answer, where the runtime would otherwise freeze it. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
  /** A line for the operator; never a secret, a signature or a token. */
  log?: (line: string) => void
}
