// `npm test` and `npm run test:all`: types, lint, format, then every test there is time for. The last line
// counts them all, each check as one. `--all` adds the servers, browsers and process kills that only some
// machines have, and more seeds.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const all = process.argv.includes('--all')
const given = process.argv.slice(2).filter((argument) => argument !== '--all')
const SUMMARY = /^(\d+) passed, (\d+) failed, (\d+) skipped$/

const CHECKS = [
  ['types', 'tsc', []],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings']],
  [
    'format',
    'oxfmt',
    ['--check', '--no-error-on-unmatched-pattern', 'functions', 'shared', 'test'],
  ],
] as const

const env = {
  ...process.env,
  ...(all && { SKEIN_SERVERS: 'all', SKEIN_SEEDS: process.env['SKEIN_SEEDS'] ?? '2000' }),
  ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
}

async function run(
  command: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<number> {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr.pipe(process.stderr)
  const lines = createInterface({ input: child.stdout })
  lines.on('line', onLine)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

const started = performance.now()
const total = { passed: 0, failed: 0, skipped: 0 }

for (const [name, command, args] of CHECKS) {
  if (given.length > 0) break
  const code = await run(command, args, (line) => console.log(line))
  console.log(`${code === 0 ? 'ok' : 'FAILED'}: ${name}`)
  if (code === 0) total.passed++
  else total.failed++
}

let counted = false
const code = await run('vitest', ['run', '--config', 'test/vitest.config.ts', ...given], (line) => {
  const match = SUMMARY.exec(line)
  if (!match) return console.log(line)
  counted = true
  total.passed += Number(match[1])
  total.failed += Number(match[2])
  total.skipped += Number(match[3])
})
if (!counted || (code !== 0 && total.failed === 0)) total.failed++

console.log(`${Math.round((performance.now() - started) / 1000)} seconds`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 ? 1 : 0
