// Every kind of job there is, loaded when one of it is worked on. A new one is a row here.

import type { Engine } from './jobs/engine.ts'
import type { CostRules } from './cost/rules.ts'
import type { JobKind } from './jobs/job.ts'
import type { MigrationPlace } from './migration/context.ts'

/** What the kinds are given; each takes what is its own. */
export type SuitePlace = MigrationPlace & { cost: CostRules }
type OpenKind = (place: SuitePlace) => Promise<JobKind>

const KINDS: Readonly<Record<string, OpenKind>> = {
  'cost-report': async (place) => (await import('./cost/report-job.ts')).reportKind(place),
  'cost-advise': async (place) => (await import('./cost/report-job.ts')).adviseKind(place),
  'cost-apply': async (place) => (await import('./cost/apply/apply-job.ts')).applyKind(place),
  migrate: async (place) => (await import('./migration/migrate-job.ts')).migrateKind(place),
  verify: async (place) => (await import('./integrity/verify-job.ts')).verifyKind(place),
}

export const JOB_KINDS: readonly string[] = Object.keys(KINDS)

/** The jobs of one workspace; the engine is loaded at the first question. */
export function jobsLater(placed: () => Promise<SuitePlace>): Engine {
  let opened: Promise<Engine> | undefined
  const open = () =>
    (opened ??= Promise.all([placed(), import('./jobs/engine.ts')]).then(
      ([place, { createEngine }]) => {
        const { workspace, ledger, now } = place
        return createEngine({
          ...{ workspace, ledger, now, kinds: JOB_KINDS },
          send: (...tasks) => place.send(...tasks),
          kind: async (name) => (Object.hasOwn(KINDS, name) ? KINDS[name]?.(place) : undefined),
        })
      },
    ))
  return {
    start: async (...asked) => (await open()).start(...asked),
    list: async (...asked) => (await open()).list(...asked),
    view: async (id) => (await open()).view(id),
    pause: async (...asked) => (await open()).pause(...asked),
    resume: async (id) => (await open()).resume(id),
    cancel: async (id) => (await open()).cancel(id),
    command: async (...asked) => (await open()).command(...asked),
    report: async (id) => (await open()).report(id),
    step: async (...asked) => (await open()).step(...asked),
    failed: async (...told) => (await open()).failed(...told),
    watch: async () => (await open()).watch(),
  }
}
