// What is measured, as processes of their own: a built Node program, or a built Worker in workerd itself,
// without the proxies that a development server puts before it.

import { readFile, readdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkAhead } from '#shared/config/check-ahead.ts'
import { CHECKED_VARIABLE } from '#shared/config/checked.ts'

export interface Program {
  command: string
  args: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
  /** Finds the port in the line that says it is listening. */
  port: RegExp
}

export type Environment = Readonly<Record<string, string>>

const WRANGLER = fileURLToPath(new URL('../../wrangler.toml', import.meta.url))

/** `entry` lies in `folder`, where it also runs. */
export function nodeProgram(folder: string, entry: string, env: Environment): Program {
  return {
    command: process.execPath,
    args: [entry],
    cwd: folder,
    env: { PORT: '0', ...env },
    port: /http:\/\/127\.0\.0\.1:(\d+)/,
  }
}

/**
 * `env` becomes the Worker's text bindings, and `services` its bindings to others. None of them is there, as none is
 * started before it is asked: they lead into the network, to whoever listens at the port that is the scheme's own.
 */
export async function workerdProgram(
  folder: string,
  entry: string,
  env: Environment,
  services: readonly string[] = [],
): Promise<Program> {
  const all = await readdir(folder, { recursive: true })
  const others = all.filter((name) => /\.(js|wasm)$/.test(name) && name !== entry)
  const config = join(folder, 'worker.capnp')
  await writeFile(config, await workerdConfig([entry, ...others.toSorted()], env, services))
  const require = createRequire(import.meta.url)
  return {
    command: join(require.resolve('workerd/package.json'), '../bin/workerd'),
    args: ['serve', config, '--control-fd=1'],
    cwd: folder,
    env: {},
    port: /"event":"listen".*"port":(\d+)/,
  }
}

/**
 * The Worker that is asked, as it was built in `folder`, with its variables as `skein config prepare` leaves them: the
 * one behind it is not started by an upload's plan.
 */
export async function frontProgram(folder: string, env: Environment): Promise<Program> {
  const prepared = { ...env, [CHECKED_VARIABLE]: await checkAhead(env) }
  return workerdProgram(join(folder, 'front'), 'front.js', prepared, ['WORK'])
}

/** https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp */
async function workerdConfig(
  modules: readonly string[],
  env: Environment,
  services: readonly string[],
): Promise<string> {
  const toml = await readFile(WRANGLER, 'utf8')
  const [, date = ''] = /^compatibility_date = "(.+)"$/m.exec(toml) ?? []
  const [, flags = ''] = /^compatibility_flags = (\[.*\])$/m.exec(toml) ?? []
  const text = JSON.stringify
  const module = (name: string) => {
    const kind = name.endsWith('.wasm') ? 'wasm' : 'esModule'
    return `(name = ${text(name)}, ${kind} = embed ${text(name)})`
  }
  const binding = ([name, value]: [string, string]) =>
    `(name = ${text(name)}, text = ${text(value)})`
  const bound = (name: string) => `(name = ${text(name)}, service = "internet")`
  const bindings = [...Object.entries(env).map(binding), ...services.map(bound)]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [${modules.map(module).join(', ')}],
  compatibilityDate = ${text(date)},
  compatibilityFlags = ${flags},
  bindings = [${bindings.join(', ')}]
);
`
}
