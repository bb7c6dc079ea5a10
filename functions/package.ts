// `npm run package`: every target built, and packed by the very tool that deploys it, up to the point where it
// would call its cloud. Nothing is asked of the network and no account is needed.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TARGET_NAMES, buildTarget } from './build.ts'
import { zipFolder } from './zip.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a deployment would be given; here it only has to be there. */
const STAND_INS = {
  SKEIN_CONFIG: '{"stores":{}}',
  SKEIN_SECRET: 'a stand-in, for packing and nothing else',
  SKEIN_BUCKETS: 'a-bucket',
}

/** Nothing is sent home, and a proxy that is not there stands before whatever is asked of the network. */
const NO_NETWORK = {
  HTTP_PROXY: 'http://127.0.0.1:1',
  HTTPS_PROXY: 'http://127.0.0.1:1',
  SLS_TELEMETRY_DISABLED: '1',
  SLS_NOTIFICATIONS_MODE: 'off',
  WRANGLER_SEND_METRICS: 'false',
}

const STEPS: readonly (readonly [packed: string, pack: (home: string) => Promise<void>])[] = [
  ['dist/skein-aws', (home) => run(home, 'serverless', 'package', '--package', 'dist/skein-aws')],
  ['dist/skein-azure.zip', () => zipFolder(`${root}dist/azure`, `${root}dist/skein-azure.zip`)],
  ...['wrangler.toml', 'functions/cloudflare/work.toml'].map(wrangled),
]

function wrangled(config: string): (typeof STEPS)[number] {
  const packed = config === 'wrangler.toml' ? 'front' : 'behind'
  const folder = `dist/skein-cloudflare/${packed}`
  const outdir = ['--outdir', join(root, folder)]
  return [folder, (home) => run(home, 'wrangler', 'deploy', '--dry-run', '-c', config, ...outdir)]
}

/** In a home of its own, where a tool may leave what it likes. */
async function run(home: string, command: string, ...args: string[]): Promise<void> {
  const bin = join(root, 'node_modules', '.bin')
  const child = spawn(join(bin, command), args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...STAND_INS,
      ...process.env,
      ...NO_NETWORK,
      ...{ HOME: home, XDG_CONFIG_HOME: home, WRANGLER_LOG_PATH: home },
    },
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}.`)
}

const home = await mkdtemp(join(tmpdir(), 'skein-package-'))
try {
  for (const name of TARGET_NAMES) await buildTarget(name)
  for (const [packed, pack] of STEPS) {
    // A tool adds to what it finds there: an earlier build's files would be deployed along with this one's.
    await rm(root + packed, { recursive: true, force: true })
    await pack(home)
    console.log(`Packed ${packed}`)
  }
} finally {
  await rm(home, { recursive: true, force: true })
}
