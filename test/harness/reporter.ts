// Ends a run with the skipped tests and their reasons, and then exactly one line of counts. A file that
// could not run, or an error outside of any test, counts as a failure, so the line cannot look better
// than the run was.

import type { Reporter, TestModule } from 'vitest/node'

export interface Counts {
  passed: number
  failed: number
  skipped: string[]
}

export function countTests(modules: readonly TestModule[], unhandled: number): Counts {
  const counts: Counts = { passed: 0, failed: unhandled, skipped: [] }
  for (const module of modules) {
    counts.failed += module.errors().length
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') counts.passed++
      else if (result.state === 'skipped') counts.skipped.push(test.fullName + noted(result.note))
      else counts.failed++
    }
  }
  return counts
}

function noted(note: string | undefined): string {
  return note === undefined ? '' : ` (${note})`
}

export function summaryOf({ passed, failed, skipped }: Counts): string[] {
  return [
    ...grouped(skipped).map((name) => `skipped: ${name}`),
    `${passed} passed, ${failed} failed, ${skipped.length} skipped`,
  ]
}

const REASONED = /^(.*?) > .* (\([^()]*\))$/

/** What one suite skips for one reason stands on one line. */
function grouped(names: readonly string[]): string[] {
  const groups = Map.groupBy(names, (name) => {
    const [, suite, reason] = REASONED.exec(name) ?? []
    return suite === undefined ? name : `${suite}: ${reason}`
  })
  return [...groups].map(([group, members]) => {
    return members.length === 1 ? members[0]! : group.replace(/: \(/, `: ${members.length} tests (`)
  })
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = countTests(modules, unhandled.length)
    // Whatever else is printed comes first.
    process.once('exit', (code) => {
      // A run that fails outside of every test, at setup for one, is no success.
      if (code !== 0 && counts.failed === 0) counts.failed = 1
      console.log(summaryOf(counts).join('\n'))
    })
  }
}
