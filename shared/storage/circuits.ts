// Which stores are better left alone for a while, learned from the calls that are made anyway. A circuit
// informs a choice between stores; it refuses no call. It opens after failures in a row, lets one probe
// through after a pause, and any answer closes it. It is this process's own opinion and nobody else's.

import type { Observation } from './call.ts'
import type { ErrorKind } from './errors.ts'

const FAILURES = 5
/** Failures further apart than this are not a row. */
const WINDOW_MILLISECONDS = 60_000
const PAUSE_MILLISECONDS = 30_000

/** What says that the store is unwell; any other error is an answer, whoever is at fault. */
const UNWELL: ReadonlySet<ErrorKind> = new Set(['unavailable', 'throttled'])

export function isUnwell(error: ErrorKind | undefined): boolean {
  return error !== undefined && UNWELL.has(error)
}

export interface Circuits {
  observe(observation: Observation): void
  isOpen(store: string): boolean
  /** True for one asker once the pause is over: its call decides. Nobody else is told so for another pause. */
  mayProbe(store: string): boolean
}

interface Circuit {
  failures: number
  firstFailureAt: number
  /** When the next probe is due; undefined while the circuit is closed. */
  probeAt: number | undefined
}

export function createCircuits({ now }: { now: () => number }): Circuits {
  // A store that is well has no entry, so asking about it costs one look.
  const circuits = new Map<string, Circuit>()

  function fail(store: string): void {
    const at = now()
    const known = circuits.get(store)
    const inRow =
      known && (known.probeAt !== undefined || at - known.firstFailureAt <= WINDOW_MILLISECONDS)
    const circuit = inRow ? known : { failures: 0, firstFailureAt: at, probeAt: undefined }
    circuit.failures++
    if (circuit.failures >= FAILURES) circuit.probeAt = at + PAUSE_MILLISECONDS
    circuits.set(store, circuit)
  }

  return {
    observe({ store, error }) {
      if (isUnwell(error)) fail(store)
      else circuits.delete(store)
    },
    isOpen: (store) => circuits.get(store)?.probeAt !== undefined,
    mayProbe(store) {
      const circuit = circuits.get(store)
      if (circuit?.probeAt === undefined || now() < circuit.probeAt) return false
      circuit.probeAt = now() + PAUSE_MILLISECONDS
      return true
    },
  }
}
