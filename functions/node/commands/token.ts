// `token`: a new API token, shown once, and what the configuration keeps of it. Nothing is written and no
// configuration is read: the entry goes where the suite is configured, which may be elsewhere.

import type { Scope } from '#shared/access/principal.ts'
import { SCOPES } from '#shared/access/principal.ts'
import { mintToken } from '#shared/access/tokens.ts'
import { toSeconds } from '#shared/storage/schema.ts'
import type { CommandRow, Options } from './command.ts'
import { UsageError } from './command.ts'

interface Entry {
  name: string
  hash: string
  workspaces: readonly string[] | 'all'
  scopes: readonly Scope[]
  prefix?: string
  expires?: string
}

const DATE = /^\d{4}-\d{2}-\d{2}$/

export const token: CommandRow = {
  name: 'token',
  summary: 'Make an API token; the configuration keeps its hash alone',
  about:
    'The token is shown this once. The entry goes under access.tokens of the configuration; taking it out again ends the token.',
  options: [
    { flags: '--name <name>', summary: 'who will hold it, as logs call him' },
    {
      flags: '--workspace <name>',
      summary: 'where it counts; may be given again; `all` for every one',
      many: true,
    },
    { flags: '--scopes <list>', summary: `of ${SCOPES.join(', ')}, with commas` },
    { flags: '--prefix <prefix>', summary: 'only keys that begin so' },
    { flags: '--expires <when>', summary: 'a duration such as 90d, or a date such as 2027-01-31' },
  ],
  examples: [
    ['skein token --name ci --workspace app --scopes upload,download --expires 90d', 'for a build'],
  ],
  async run({ out, platform }, _parameters, options) {
    const { token: made, hash } = mintToken()
    const entry = entryOf(options, hash, platform.now())
    const { stringify } = await import('#shared/config/yaml.ts')
    out.answer({ token: made, entry }, () => {
      const yaml = stringify({ access: { tokens: [entry] } }).trimEnd()
      return `${made}\n\nShown this once. For the configuration:\n\n${yaml}`
    })
  },
}

function entryOf(options: Options, hash: string, now: number): Entry {
  const prefix = options.text('prefix')
  const expires = options.text('expires')
  return {
    name: needed(options, 'name'),
    hash,
    workspaces: workspacesOf(options),
    scopes: scopesOf(needed(options, 'scopes')),
    ...(prefix && { prefix }),
    ...(expires !== undefined && { expires: endOf(expires, now) }),
  }
}

function needed(options: Options, name: string): string {
  const given = options.text(name)
  if (!given) throw new UsageError(`--${name} is missing; see skein token --help.`)
  return given
}

function workspacesOf(options: Options): Entry['workspaces'] {
  const given = options.texts('workspace') ?? []
  if (given.length === 0) throw new UsageError('--workspace is missing; `all` means every one.')
  return given.includes('all') ? 'all' : given
}

function scopesOf(list: string): Scope[] {
  return list
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => {
      const scope = SCOPES.find((known) => known === one)
      if (scope) return scope
      throw new UsageError(`There is no scope "${one}"; there are ${SCOPES.join(', ')}.`)
    })
}

/** A duration begins now; a date ends the token at its first moment, in UTC. */
function endOf(written: string, now: number): string {
  const end = DATE.test(written) ? Date.parse(written) : now + toSeconds(written) * 1000
  if (Number.isNaN(end) || end <= now) {
    throw new UsageError(`"${written}" is no time to come: give a duration such as 90d, or a date.`)
  }
  return new Date(end).toISOString()
}
