// Where a command's answer goes: for people as text, with `--json` as one JSON document. Only answers go to
// standard output; bars and remarks go to standard error.

import type { Readable, Writable } from 'node:stream'

/** The process's own streams, unless a test looks on. */
export interface Streams {
  stdin: Readable
  stdout: Writable
  stderr: Writable
}

export interface Output extends Streams {
  json: boolean
  /** The command's answer, in both forms. */
  answer(data: unknown, text: () => string): void
  /** A line beside the answer. */
  remark(text: string): void
}

export function createOutput(json: boolean, streams: Streams): Output {
  return {
    ...streams,
    json,
    answer(data, text) {
      const shown = json ? JSON.stringify(data, null, 2) : text()
      if (shown !== '') streams.stdout.write(`${shown}\n`)
    },
    remark(text) {
      if (!json) streams.stderr.write(`${text}\n`)
    },
  }
}
