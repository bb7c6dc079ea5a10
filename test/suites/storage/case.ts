// A case of the suite: a name, what it needs of the store, and what must hold. Cases know no test runner.

import type { Capabilities } from '#shared/storage/capabilities.ts'
import type { Harness, Lack } from './harness.ts'

export type Run = (harness: Harness) => Promise<void>

/** Why the case does not apply, or undefined when it does. */
export type Need = (harness: Harness) => string | undefined

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

/** The whole group under one more need. */
export function under(need: Need, cases: Case[]): Case[] {
  return cases.map((one) => ({ ...one, ...when([need, one.needs], one.run) }))
}

/** Claimed by the store's capability record. */
export function claims(what: string, claimed: (capabilities: Capabilities) => unknown): Need {
  return ({ capabilities }) => (claimed(capabilities) ? undefined : `this store does not claim ${what}`)
}

/** It can be shown on this server. */
export function shownHere(lack: Lack): Need {
  return ({ notHere }) => notHere[lack]
}

export const hasControl: Need = ({ control }) =>
  control ? undefined : 'this server makes no faults on demand and shows no log of requests'
