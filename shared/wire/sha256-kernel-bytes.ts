// SHA-256's compression as a WebAssembly module, assembled here: a cold engine runs it at nearly its full speed, where
// JavaScript is interpreted until it is warm, and warm it is the quicker too. It exports its `memory` and a function
// (first byte, end) that takes whole blocks into the state.
// https://doi.org/10.6028/NIST.FIPS.180-4, https://webassembly.github.io/spec/core/binary/

/** Where things lie in its memory. */
export const LAYOUT = { rounds: 0, words: 256, state: 512, input: 1024 }

const WORDS = 64
const I32 = 0x7f
const NOTHING = 0x40

// prettier-ignore
const ROUNDS = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]

type Code = readonly number[]

const get = (local: number): Code => [0x20, local]
const set = (local: number, value: Code): Code => [...value, 0x21, local]
const constant = (value: number): Code => [0x41, ...signed(value)]
const load = (at: Code, offset = 0): Code => [...at, 0x28, 0, ...unsigned(offset)]
const store = (at: Code, value: Code, offset = 0): Code => [
  ...[...at, ...value],
  ...[0x36, 0, ...unsigned(offset)],
]
/** An operation upon two or more, from left to right. */
const by =
  (operation: number) =>
  (first: Code, ...rest: Code[]): Code => [...first, ...rest.flatMap((one) => [...one, operation])]
const [less, add, and, or, xor] = [by(0x49), by(0x6a), by(0x71), by(0x72), by(0x73)]
const shifted = (value: Code, bits: number): Code => by(0x76)(value, constant(bits))
const turned = (value: Code, bits: number): Code => by(0x78)(value, constant(bits))
/** Does it, and again while the condition holds. */
const repeat = (body: Code, condition: Code): Code => [
  ...[0x03, NOTHING, ...body, ...condition],
  ...[0x0d, 0, 0x0b],
]

/** Parameters and locals, by their index; the eight of the state are followed by two of a round, and two of a word. */
const [AT, END, I] = [0, 1, 2]
const STATE = [3, 4, 5, 6, 7, 8, 9, 10] as const
const [EVEN, ODD, ONE, TWO] = [11, 12, 13, 14]
const LOCALS = 13
/** After so many rounds each word of the state has been each of a to h, so none of them has ever to be moved. */
const TURN = STATE.length
/** A round waits for the one before it, and meanwhile the processor makes the word for so many rounds later. */
const AHEAD = 16

export function sha256KernelBytes(): Uint8Array<ArrayBuffer> {
  const table = ROUNDS.flatMap((one) => [0, 8, 16, 24].map((bits) => (one >>> bits) & 255))
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [0x60, 2, I32, I32, 0]),
    ...section(3, [0]),
    ...section(5, [0, 1]),
    ...section(7, exported('memory', 2), exported('compress', 0)),
    ...section(10, sized([1, LOCALS, I32, ...compress(), 0x0b])),
    ...section(11, [0, ...constant(LAYOUT.rounds), 0x0b, ...sized(table)]),
  ])
}

function compress(): Code {
  const wordBytes = 4
  const onward = (local: number, bytes: number) => set(local, add(get(local), constant(bytes)))
  const upTo = (words: number) => less(get(I), constant(words * wordBytes))
  const block = [
    ...set(I, constant(0)),
    ...repeat([...takeWord(), ...onward(I, wordBytes)], upTo(AHEAD)),
    ...STATE.flatMap((local, i) => set(local, load(constant(LAYOUT.state + wordBytes * i)))),
    ...set(I, constant(0)),
    ...set(ODD, xor(get(STATE[1]), get(STATE[2]))),
    ...repeat([...turn(roundAndWord), ...onward(I, TURN * wordBytes)], upTo(WORDS - AHEAD)),
    ...repeat([...turn(round), ...onward(I, TURN * wordBytes)], upTo(WORDS)),
    ...STATE.flatMap((local, i) => {
      const place = constant(LAYOUT.state + wordBytes * i)
      return store(place, add(load(place), get(local)))
    }),
  ]
  return repeat([...block, ...onward(AT, 64)], less(get(AT), get(END)))
}

/** A word of the block, whose first byte counts most. */
function takeWord(): Code {
  const word = set(ONE, load(add(get(AT), get(I))))
  const swapped = or(
    and(turned(get(ONE), 24), constant(0x00ff00ff)),
    and(turned(get(ONE), 8), constant(0xff00ff00 | 0)),
  )
  return [...word, ...store(get(I), swapped, LAYOUT.words)]
}

function turn(make: (nth: number) => Code): Code {
  return STATE.flatMap((_, nth) => make(nth))
}

function roundAndWord(nth: number): Code {
  return [...round(nth), ...makeWord(nth + AHEAD)]
}

function makeWord(nth: number): Code {
  const place = LAYOUT.words + 4 * nth
  const before = (words: number) => load(get(I), place - 4 * words)
  const mixed = (word: Code, first: number, second: number, lost: number) =>
    xor(turned(word, first), turned(word, second), shifted(word, lost))
  const sum = add(
    ...[before(16), before(7)],
    ...[mixed(get(ONE), 7, 18, 3), mixed(get(TWO), 17, 19, 10)],
  )
  return [...set(ONE, before(15)), ...set(TWO, before(2)), ...store(get(I), sum, place)]
}

/** What the standard calls a to h lies, in each round, one place further back. */
function round(nth: number): Code {
  const [a, b, , d, e, f, g, h] = STATE.map((_, i) => get(STATE[(i - nth) & 7]!)) as State
  const [dPlace, hPlace] = [3, 7].map((i) => STATE[(i - nth) & 7]!) as [number, number]
  // Where a and b differ; one round later that is where b and c do.
  const [differ, differed] = nth % 2 === 0 ? [EVEN, ODD] : [ODD, EVEN]
  const turns = (word: Code, ...bits: [number, number, number]) =>
    xor(...(bits.map((some) => turned(word, some)) as [Code, Code, Code]))
  const chosen = xor(g, and(e, xor(f, g)))
  const most = xor(b, and(get(differ), get(differed)))
  const given = [LAYOUT.rounds, LAYOUT.words].map((place) => load(get(I), place + 4 * nth))
  return [
    ...set(hPlace, add(h, turns(e, 6, 11, 25), chosen, ...given)),
    ...set(dPlace, add(d, h)),
    ...set(differ, xor(a, b)),
    ...set(hPlace, add(h, turns(a, 2, 13, 22), most)),
  ]
}

type State = [Code, Code, Code, Code, Code, Code, Code, Code]

function exported(name: string, kind: number): number[] {
  return [...sized([...new TextEncoder().encode(name)]), kind, 0]
}

function section(id: number, ...items: Code[]): Code {
  return [id, ...sized([items.length, ...items.flat()])]
}

function sized(bytes: Code): Code {
  return [...unsigned(bytes.length), ...bytes]
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

/** LEB128 of what may be negative. */
function signed(value: number): Code {
  if (value >= -64 && value < 64) return [value & 127]
  return [(value & 127) | 128, ...signed(value >> 7)]
}
