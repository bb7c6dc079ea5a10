// The recorded run of the documentation, made again: every command, in an empty folder, printing what it says
// there but for times and names that are made anew.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'shared/migration/walkthrough.md'), 'utf8')
/** Each begins in an empty folder. */
const runs = page.split(/^## /m).slice(1)

interface Told {
  command: string
  printed: string
}

/** A line that begins with a dollar is typed; those of a here-document follow it. */
function told(run: string): Told[] {
  const blocks = [...run.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text = '']) => text)
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((one) => {
        const here = /^[^\n]*<<'END'\n.*?^END$/ms.exec(one)?.[0]
        const command = here ?? one.slice(0, one.indexOf('\n'))
        return { command, printed: one.slice(command.length).trim() }
      }),
  )
}

const SAME: readonly (readonly [RegExp, string])[] = [
  [/migrate-\d{8}T\d{6}-[0-9a-f]{6}/g, 'JOB'],
  [/\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?Z/g, 'TIME'],
  [/(about |Took +|, )\d+:\d{2}/g, '$1SOON'],
  [/took \d+ ms each( and [\d.]+ MiB a second)?/g, 'took SOME'],
  [/(Requests +)\d+/g, '$1SOME'],
]

function plain(text: string): string {
  return SAME.reduce((all, [pattern, name]) => all.replace(pattern, name), text).trim()
}

const skein = `skein() { "${process.execPath}" "${join(root, 'functions/node/cli.ts')}" "$@"; }; `

describe.each(runs.map((run) => [run.slice(0, run.indexOf('\n')), run]))('%s', (_, run) => {
  test('prints what is recorded', { timeout: 180_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-walk-'))
    const env = { ...process.env, HOME: folder, NO_COLOR: '1' }
    try {
      for (const { command, printed } of told(run)) {
        const done = spawnSync('bash', ['-c', skein + command], { cwd: folder, env })
        const lines = `${done.stdout.toString().trimEnd()}\n${done.stderr.toString()}`
        // What the command line logs besides is a line of JSON.
        const shown = lines.split('\n').filter((line) => !line.startsWith('{'))
        expect({ command, printed: plain(shown.join('\n')) }).toEqual({
          ...{ command, printed: plain(printed) },
        })
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
