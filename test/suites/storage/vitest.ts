// The suite as vitest tests: one test for each case that the store's record claims. What cannot be shown here
// is skipped with its reason in the title; an expected failure that passes fails the run, so that the list of them stays true.

import { describe, it } from 'vitest'
import type { Case } from './case.ts'
import { UNCLAIMED } from './case.ts'
import { casesFor, titleOf } from './cases.ts'
import type { Harness, StoreDescription } from './harness.ts'
import { createHarness } from './harness.ts'

const CASE_TIMEOUT_MS = 60_000

type RunCase = (one: Case, harness: Harness) => Promise<void>

/** Runs the cases here, or wherever `run` takes them. */
export function defineConformance(
  description: StoreDescription,
  run: RunCase = (one, harness) => one.run(harness),
): void {
  const harness = createHarness(description, { fetch })
  describe(`${harness.name} keeps the storage contract`, () => {
    const cases = casesFor(harness)
    checkExpectedFailures(harness, cases)
    for (const one of cases) defineCase(one, harness, run)
  })
}

function defineCase(one: Case, harness: Harness, run: RunCase): void {
  const title = titleOf(one)
  const reason = one.needs(harness)
  if (reason === UNCLAIMED) return
  if (reason !== undefined) return it.skip(`${title} (${reason})`, () => undefined)
  const known = harness.expectedFailures[title]
  const execute = (): Promise<void> => run(one, harness)
  if (known === undefined) return it(title, { timeout: CASE_TIMEOUT_MS }, execute)
  return it.fails(`${title} (known to fail: ${known})`, { timeout: CASE_TIMEOUT_MS }, execute)
}

function checkExpectedFailures(harness: Harness, cases: readonly Case[]): void {
  const titles = new Set(cases.map(titleOf))
  for (const title of Object.keys(harness.expectedFailures)) {
    if (!titles.has(title))
      throw new Error(`${harness.name} expects an unknown case to fail: ${title}`)
  }
}
