// A case of the suite: a name, what it needs of the store, and what must hold. Cases know no test runner.

import type { Capabilities } from '#shared/storage/capabilities.ts'
import type { Harness, Lack } from './harness.ts'

export type Run = (harness: Harness) => Promise<void>

/**
 * Undefined when the case applies. `unclaimed`: it is no test of this store, whose record promises nothing
 * of the kind (that it refuses is a case of its own). A reason: it would be one, and cannot be shown here.
 */
export type Need = (harness: Harness) => string | typeof UNCLAIMED | undefined
export const UNCLAIMED = Symbol('not claimed')

export interface Case {
  group: string
  name: string
  needs: Need
  run: Run
}

export interface Gated {
  needs: Need
  run: Run
}

/** The cases of one ability, by name. */
export function group(title: string, cases: Record<string, Run | Gated>): Case[] {
  return Object.entries(cases).map(([name, given]) => ({
    group: title,
    name,
    ...(typeof given === 'function' ? { needs: () => undefined, run: given } : given),
  }))
}

/** A case that applies where all needs are met. */
export function when(needs: Need | Need[], run: Run): Gated {
  const all = Array.isArray(needs) ? needs : [needs]
  return {
    needs(harness) {
      for (const need of all) {
        const reason = need(harness)
        if (reason !== undefined) return reason
      }
      return undefined
    },
    run,
  }
}

/** The whole group under further needs. */
export function under(needs: Need | Need[], cases: Case[]): Case[] {
  return cases.map((one) => ({ ...one, ...when([needs, one.needs].flat(), one.run) }))
}

/** Claimed by the store's capability record. */
export function claims(claimed: (capabilities: Capabilities) => unknown): Need {
  return ({ capabilities }) => (claimed(capabilities) ? undefined : UNCLAIMED)
}

/** It can be shown on this server. */
export function shownHere(lack: Lack): Need {
  return ({ notHere }) => notHere[lack]
}

export const hasControl: Need = ({ control, openUnreachable }) => {
  if (control) return undefined
  // What is reached over no network has none of its faults.
  return openUnreachable ? 'this server makes no faults on demand and shows no log' : UNCLAIMED
}
