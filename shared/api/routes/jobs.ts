// Long work: begun, looked at, stopped, taken up again. What a kind of job is asked for is the kind's own to
// check, when it is loaded.

import { checkOwnKey } from '#shared/access/refusals.ts'
import type { Job } from '#shared/client/protocol.ts'
import { StorageError } from '#shared/storage/errors.ts'
import type { OpenWorkspace } from '#shared/suite.ts'
import { wantsPage } from '../html-page.ts'
import { invalidBody } from '../invalid.ts'
import { jobRequest } from '../requests.ts'
import type { Caller } from '../route.ts'
import { NO_BODY, NO_QUERY, route } from '../route.ts'

type Jobs = OpenWorkspace['jobs']

/** A job sees the whole workspace, so nobody begins or sees one whose keys are only some. */
function jobsOf({ workspace, who }: Pick<Caller, 'workspace' | 'who'>): Jobs {
  checkOwnKey(who, '')
  return workspace.jobs
}

const start = route({
  method: 'post',
  path: '/jobs',
  scopes: ['operate'],
  summary: 'Begin long work: a sweep, a migration, an inventory',
  query: NO_QUERY,
  body: jobRequest,
  answer: { status: 200, body: 'Job' },
  refusals: ['denied', 'invalid', 'unsupported', 'unavailable'],
  async handle(call) {
    const { kind, options = {} } = call.body
    try {
      return answer(await jobsOf(call).start(kind, options, call.who.name))
    } catch (error) {
      throw await pointed(error)
    }
  },
})

async function pointed(error: unknown): Promise<unknown> {
  if (!(error instanceof StorageError) || error.kind !== 'invalid') return error
  const { InvalidInput } = await import('#shared/jobs/refusals.ts')
  if (!(error instanceof InvalidInput)) return error
  return invalidBody(error.issues.map((issue) => ({ ...issue, path: ['options', ...issue.path] })))
}

const list = route({
  method: 'get',
  path: '/jobs',
  scopes: ['operate'],
  summary: 'List the jobs of the workspace, newest first',
  query: NO_QUERY,
  body: NO_BODY,
  answer: { status: 200, body: 'JobList' },
  refusals: ['denied', 'unavailable'],
  async handle(call) {
    const records = await jobsOf(call).list()
    return {
      jobs: records.map(({ id, kind, state, created, changed, why, by }) => {
        return { id, kind, state, created, changed, why, by }
      }),
    }
  },
})

const view = route({
  method: 'get',
  path: '/jobs/:id',
  scopes: ['operate'],
  summary: 'Tell how far a job is',
  query: NO_QUERY,
  body: NO_BODY,
  answer: { status: 200, body: 'Job' },
  refusals: ['denied', 'not-found', 'unavailable'],
  handle: async (call) => answer(await jobsOf(call).view(call.id)),
})

const report = route({
  method: 'get',
  path: '/jobs/:id/report',
  scopes: ['operate'],
  summary:
    'The report of a job, signed where its kind signs reports; as a page to whoever accepts text/html alone',
  query: NO_QUERY,
  body: NO_BODY,
  answer: { status: 200, body: 'JobReport' },
  refusals: ['denied', 'not-found', 'precondition', 'unavailable'],
  async handle(call) {
    const jobs = jobsOf(call)
    const found = await jobs.report(call.id)
    if (!wantsPage(call.request)) return found
    const { pageOfReport } = await import('../report-page.ts')
    return (await pageOfReport((await jobs.view(call.id)).kind, found)) ?? found
  },
})

const COMMANDS = {
  pause: 'Stop a job after the object in hand; it goes on from there',
  resume: 'Let a paused job go on',
  cancel: 'End a job where it is',
  start: 'Do what a plan has shown',
  apply: 'Do what a dry run has shown',
  cutover: 'Make a migration’s destination the primary',
  repair: 'Mend what a sweep has found, as far as a proven copy can',
  rollback: 'Undo what a job did, as far as its kind can',
  cleanup: 'Remove what a migration has left at its source',
} as const

const commands = Object.entries(COMMANDS).map(([command, summary]) =>
  route({
    method: 'post',
    path: `/jobs/:id/${command}`,
    scopes: ['operate'],
    summary,
    query: NO_QUERY,
    body: NO_BODY,
    answer: { status: 200, body: 'Job' },
    refusals: ['denied', 'invalid', 'not-found', 'precondition', 'unavailable'],
    handle: async (call) => answer(await tell(jobsOf(call), call.id, command)),
  }),
)

function tell(jobs: Jobs, id: string, command: string): ReturnType<Jobs['view']> {
  if (command === 'pause') return jobs.pause(id)
  if (command === 'resume') return jobs.resume(id)
  if (command === 'cancel') return jobs.cancel(id)
  return jobs.command(id, command)
}

function answer(job: Awaited<ReturnType<Jobs['view']>>): Job {
  const { id, kind, state, why, created, changed, by, input, result } = job
  const phases = job.phases.map(({ name, parts, ended, began }) => {
    return { name, parts, ended: ended.length, began }
  })
  const progress = job.progress && {
    phase: job.progress.phase,
    tally: { ...job.progress.tally },
    at: job.progress.at,
  }
  const told = { id, kind, state, why, created, changed, by, options: input, phases, result }
  return { ...told, tally: { ...job.tally }, progress }
}

export const JOB_ROUTES = [start, list, view, report, ...commands]
