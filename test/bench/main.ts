// `npm run bench -- NAME [--json]`: runs one benchmark, prints what it found and, as the last line, one JSON
// object with its checks. The exit code tells whether all of them hold.

import { benchMachine } from './machine.ts'
import type { Benchmark } from './report.ts'
import { checksTable, resultsTable } from './report.ts'

const BENCHMARKS: Record<string, () => Promise<Benchmark>> = {
  presign: async () => (await import('./presign/benchmark.ts')).presign,
  api: async () => (await import('./api/benchmark.ts')).api,
  coldstart: async () => (await import('./coldstart/benchmark.ts')).coldstart,
  fuzz: async () => (await import('./fuzz/benchmark.ts')).fuzz,
  copy: async () => (await import('./copy/benchmark.ts')).copy,
  resume: async () => (await import('./resume/benchmark.ts')).resume,
  integrity: async () => (await import('./integrity/benchmark.ts')).integrity,
  fanout: async () => (await import('./fanout/benchmark.ts')).fanout,
  scale: async () => (await import('./scale/benchmark.ts')).scale,
  cost: async () => (await import('./cost/benchmark.ts')).cost,
  migrate: async () => (await import('./migrate/benchmark.ts')).migrate,
}

async function main(): Promise<void> {
  const asJson = process.argv.includes('--json')
  const [name = ''] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
  const open = BENCHMARKS[name]
  if (!open) {
    console.error(`Name a benchmark: ${Object.keys(BENCHMARKS).join(', ')}.`)
    process.exitCode = 2
    return
  }
  const benchmark = await open()
  const machine = await benchMachine()
  const { checks, results } = await benchmark((line) => console.error(line))
  if (asJson) {
    console.log(JSON.stringify({ name, machine, checks, results }))
  } else {
    console.log(`${resultsTable(results)}\n\n${checksTable(checks)}`)
  }
  if (!checks.every(({ holds }) => holds)) process.exitCode = 1
}

await main()
