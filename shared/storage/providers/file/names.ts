// Keys as paths, reversibly. A plain key is its own path, so that people find their files. What a folder
// cannot hold is escaped as `__0x2f__`:
//   an empty segment is called __0x2f__ (a//b is a/__0x2f__/b), an underscore before `_0x` is __0x5f__,
//   `.skein` at the top, which is ours, begins with __0x2e__;
//   an object beside a folder of its name (`a` beside `a/b`) ends in __0x00__;
//   a segment of more than 247 bytes goes on inside a folder whose name ends in __0x01__; should `.` or `..`
//   be left of it, that begins with __0x2e__.
// A file put there by hand whose name is not what its key would be given here is no object: not listed, not
// touched. Case and Unicode form are the file system's: where it folds them, so do keys.

export const OWN_FOLDER = '.skein'

const ESCAPE = /__0x([0-9a-f]{2})__/g
const BESIDE = '__0x00__'
const CONTINUED = '__0x01__'
const DOT = '__0x2e__'
const EMPTY = '__0x2f__'
const UNDERSCORE = '__0x5f__'
/** 255 bytes is what file systems take; a mark must fit behind. */
const MAX_NAME_BYTES = 255 - BESIDE.length

/** A name on the way down; the last one is the object's. */
export interface Step {
  name: string
  /** The key that an object at this name has; absent in the middle of a long segment. */
  key: string | undefined
}

export function keyToSteps(key: string): Step[] {
  const steps: Step[] = []
  let end = -1
  for (const segment of key.split('/')) {
    const isTop = end < 0
    end += 1 + segment.length
    const names = segmentToNames(segment, isTop)
    for (const [i, name] of names.entries()) {
      steps.push({ name, key: i === names.length - 1 ? key.slice(0, end) : undefined })
    }
  }
  return steps
}

/** The object's name where a folder has its own already. */
export function besideName(name: string): string {
  return name + BESIDE
}

function segmentToNames(segment: string, isTop: boolean): string[] {
  if (segment === '') return [EMPTY]
  const tokens = tokenize(segment, isTop)
  if (tokens === undefined) return [segment]
  const names: string[] = []
  let name = ''
  let bytes = 0
  for (const token of tokens) {
    const length = Buffer.byteLength(token)
    if (bytes + length > MAX_NAME_BYTES) {
      names.push(name + CONTINUED)
      name = ''
      bytes = 0
    }
    name += token
    bytes += length
  }
  // What is left of a long segment may be no name for a file.
  return [...names, /^\.{1,2}$/.test(name) ? DOT + name.slice(1) : name]
}

/** The name in pieces that must not be cut, or undefined when it is the segment itself. */
function tokenize(segment: string, isTop: boolean): string[] | undefined {
  const isOurs = isTop && segment.toLowerCase() === OWN_FOLDER
  const fits = segment.length * 3 <= MAX_NAME_BYTES || Buffer.byteLength(segment) <= MAX_NAME_BYTES
  if (fits && !isOurs && !segment.includes('__0x')) return undefined
  const tokens = isOurs ? [DOT, ...Array.from(segment.slice(1))] : Array.from(segment)
  for (let at = 0; at < tokens.length - 3; at++) {
    if (tokens.slice(at, at + 4).join('') === '__0x') tokens[at] = UNDERSCORE
  }
  return tokens
}

/** What a name stands for in a key. */
export interface Meaning {
  text: string
  kind: 'plain' | 'beside' | 'continued'
}

/** Says nothing of names that we would not give: whoever walks compares with `keyToSteps`. */
export function nameToMeaning(name: string): Meaning {
  if (!name.includes('__0x')) return { text: name, kind: 'plain' }
  let kind: Meaning['kind'] = 'plain'
  const text = name.replace(ESCAPE, (escape: string, _hex: string, at: number) => {
    if (escape === DOT) return '.'
    if (escape === UNDERSCORE) return '_'
    if (escape === EMPTY) return ''
    if (at + escape.length < name.length) return escape
    if (escape === BESIDE) kind = 'beside'
    if (escape === CONTINUED) kind = 'continued'
    return kind === 'plain' ? escape : ''
  })
  return { text, kind }
}

/** Whether the object of this key is where the path says, and not some file by hand that looks like it. */
export function isPathOf(key: string, names: readonly string[]): boolean {
  const steps = keyToSteps(key)
  if (steps.length !== names.length) return false
  return steps.every(({ name }, i) => {
    const given = names[i]
    return given === name || (i === names.length - 1 && given === besideName(name))
  })
}
