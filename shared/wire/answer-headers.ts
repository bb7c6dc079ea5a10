// The headers of an answer, as far as anybody asks for them. A Worker's `fetch` has the web's own class; Node loads that
// with all of its fetch, which takes 13 MB and 25 ms of processor time that a process that only moves bytes can spare.

/** By names of any case; what stood several times is one value, with commas between. */
export interface AnswerHeaders extends Iterable<[name: string, value: string]> {
  get(name: string): string | null
  has(name: string): boolean
}

/** Names and values in turns, as they came. */
export function toAnswerHeaders(raw: readonly string[]): AnswerHeaders {
  const values = new Map<string, string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const before = values.get(name)
    values.set(name, before === undefined ? raw[at + 1]! : `${before}, ${raw[at + 1]!}`)
  }
  return {
    get: (name) => values.get(name.toLowerCase()) ?? null,
    has: (name) => values.has(name.toLowerCase()),
    [Symbol.iterator]: () => values[Symbol.iterator](),
  }
}
