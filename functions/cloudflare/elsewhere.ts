// The front Worker's bundle: without what is imported when it is needed, and without what planning an upload never
// calls. workerd reads all that it is given before its first request, and a front has little to do. What is left out
// stays as a function of the same name, so that nobody else need know: a call that was not foreseen hands the request on.

import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/** By file of shared/: its functions and methods; none named, all of them. */
type Functions = Readonly<Record<string, readonly string[]>>

const ALL: readonly string[] = []

/** What belongs to the Worker behind. */
const LEFT_OUT: Functions = {
  'access/claims': ALL,
  'config/config': ALL,
  'storage/address': ALL,
  'storage/body': ALL,
  'storage/call': ALL,
  'storage/groups': ALL,
  // A Worker has no folders: the other one says so.
  'storage/providers/file/settings': ALL,
  'storage/providers/file/sign': ALL,
  'storage/providers/azure/request-plan': ['planGet', 'planPart'],
  'storage/providers/azure/sign': ['delegationSealer'],
  'storage/providers/gcs/credentials': ['defaultAccount', 'fileAccount'],
  'storage/providers/gcs/google-call': ALL,
  'storage/providers/gcs/sign': ['draftGet', 'draftPart', 'draftDelete'],
  'storage/providers/gcs/signing-key': ['remoteKey'],
  'storage/providers/s3/credentials': ['chainSource'],
  'storage/providers/s3/presigned-request': ['readRequest', 'partRequest', 'deleteRequest'],
  'storage/reading': ALL,
  'storage/store': ['head', 'find', 'get', 'put', 'delete', 'list', 'listAll', 'copy', 'call'],
  'storage/writing': ALL,
  suite: ['beginSweep', 'openStates', 'configured', 'readPrices', 'landscapeOf'],
  'uploads/by-store': ALL,
  'uploads/create': ['planBatch'],
  'uploads/cut': ALL,
  'uploads/parts': ALL,
  'uploads/plan': ['planParts'],
  'workspaces/state': ALL,
}

/** What these make is put in its place here as there, and used there alone. */
const HELD: Functions = {
  'access/jwt': ALL,
  'cost/door': ALL,
  'job-kinds': ALL,
  'jobs/ledger': ALL,
  'replication/later': ALL,
  'storage/providers/azure/delegation-key': ALL,
  'storage/providers/azure/tokens': ALL,
  'storage/providers/gcs/access-token': ALL,
  suite: ['costOf', 'jobsOf'],
  'workspaces/download-context': ALL,
}

/** Nobody asks this Worker what it has counted. */
const UNHEARD: Functions = {
  'metrics/counters': ALL,
  'metrics/request-meter': ALL,
  'metrics/store-meter': ALL,
}

const INSTEAD = [
  [LEFT_OUT, 'elsewhere()'],
  [HELD, 'return HELD'],
  [UNHEARD, 'return UNHEARD'],
] as const

const IMPORT = `import { HELD, UNHEARD, elsewhere } from '#shared/api/elsewhere.ts'`

export function leftElsewhere(): Plugin {
  return {
    name: 'left-elsewhere',
    setup(build) {
      build.onLoad({ filter: /\/shared\/[^:]*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const [, file = ''] = /\/shared\/([^:]*)\.ts$/.exec(path) ?? []
        const contents = INSTEAD.reduce(
          (rest, [functions, body]) => replaced(rest, file, functions[file], body),
          source.replace(/\bimport\(\s*'[^']+'\s*\)/g, '(async () => elsewhere())()'),
        )
        return contents === source
          ? undefined
          : { contents: `${IMPORT}\n${contents}`, loader: 'ts' }
      })
    },
  }
}

function replaced(
  source: string,
  file: string,
  names: readonly string[] | undefined,
  body: string,
): string {
  if (names === undefined) return source
  if (names === ALL) return standIns(source, body)
  return names.reduce((rest, name) => without(rest, file, name, body), source)
}

/** Nothing but the functions' names; whoever has a constant of theirs is left out himself. */
function standIns(source: string, body: string): string {
  const names = [...source.matchAll(/^export (?:async )?(function|class|const) (\w+)/gm)]
  const lines = names.map(([, kind, name]) =>
    kind === 'const' ? `export const ${name} = undefined` : `export function ${name}() { ${body} }`,
  )
  return lines.join('\n')
}

/** A function, or a method, whose end is where its indentation ends. */
function without(source: string, file: string, name: string, body: string): string {
  const whole = [`(?:export )?(?:async )?function ${name}`, `(?:async )?\\*?${name}`]
    .map((head) => new RegExp(`^( *)(${head})(?:<[^(]*>)?\\([^]*?^\\1\\}$`, 'm'))
    .find((pattern) => pattern.test(source))
  if (!whole) throw new Error(`There is no ${name} in shared/${file}.ts to leave out.`)
  return source.replace(whole, `$1$2() { ${body} }`)
}
