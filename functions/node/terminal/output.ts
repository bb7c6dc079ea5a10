// Where a command's answer goes: for people as text, with `--json` as one JSON document. Only answers go to
// standard output; bars and remarks go to standard error.

export interface Output {
  json: boolean
  /** The command's answer, in both forms. */
  answer(data: unknown, text: () => string): void
  /** A line beside the answer. */
  remark(text: string): void
}

export function createOutput(json: boolean): Output {
  return {
    json,
    answer(data, text) {
      const shown = json ? JSON.stringify(data, null, 2) : text()
      if (shown !== '') process.stdout.write(`${shown}\n`)
    },
    remark(text) {
      if (!json) process.stderr.write(`${text}\n`)
    },
  }
}
