// The headers of a request as Node's server read them. What is asked of them on the way to most answers is one
// value by its name; whoever wants more has the web's own class made of them.

import type { IncomingMessage } from 'node:http'

export class IncomingHeaders implements Headers {
  readonly #raw: readonly string[]
  #values: Map<string, string> | undefined
  #whole: Headers | undefined

  constructor({ rawHeaders }: IncomingMessage) {
    this.#raw = rawHeaders
  }

  get(name: string): string | null {
    if (this.#whole) return this.#whole.get(name)
    this.#values ??= joined(this.#raw)
    return this.#values.get(name) ?? this.#values.get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  append(name: string, value: string): void {
    this.#native.append(name, value)
  }

  delete(name: string): void {
    this.#native.delete(name)
  }

  set(name: string, value: string): void {
    this.#native.set(name, value)
  }

  getSetCookie(): string[] {
    return this.#native.getSetCookie()
  }

  forEach(told: (value: string, name: string, parent: Headers) => void, thisArg?: unknown): void {
    this.#native.forEach((value, name) => told.call(thisArg, value, name, this))
  }

  keys(): HeadersIterator<string> {
    return this.#native.keys()
  }

  values(): HeadersIterator<string> {
    return this.#native.values()
  }

  entries(): HeadersIterator<[string, string]> {
    return this.#native.entries()
  }

  [Symbol.iterator](): HeadersIterator<[string, string]> {
    return this.#native.entries()
  }

  get #native(): Headers {
    return (this.#whole ??= new Headers(pairs(this.#raw)))
  }
}

/** By names in lower case; what stands several times is one value, as the web's own class has it. */
function joined(raw: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const value = raw[at + 1]!
    const before = values.get(name)
    if (before === undefined) values.set(name, value)
    else values.set(name, before + (name === 'cookie' ? '; ' : ', ') + value)
  }
  return values
}

function pairs(raw: readonly string[]): [name: string, value: string][] {
  const found: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) found.push([raw[at]!, raw[at + 1]!])
  return found
}
