// Runs one of the project's programs on the project's own Node, whatever Node started npm: first it installs
// the npm packages that are missing, so that any npm script works as the first command in a fresh clone.
// Plain JavaScript, since the Node that runs this may be too old to read TypeScript.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const lock = join(root, 'package-lock.json')
/** npm writes it when it has installed. */
const installed = join(root, 'node_modules', '.package-lock.json')
const stamp = join(root, 'node_modules', '.skein-installed')

function writtenAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function installMissing() {
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  // Somebody did it himself, perhaps without what only development needs.
  if (writtenAt(installed) > writtenAt(lock)) return
  console.error('Installing the npm packages of package-lock.json …')
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (npm.status !== 0) process.exit(npm.status ?? 1)
  writeFileSync(stamp, wanted)
}

function pinnedNode() {
  const pinned = join(
    root,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
  if (existsSync(pinned)) return pinned
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  throw new Error(
    `Skein needs Node 22.18 or newer and this is ${process.versions.node}: the "node" package could not install its binary (are npm install scripts allowed?).`,
  )
}

installMissing()
const child = spawn(pinnedNode(), process.argv.slice(2), {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// A terminal sends Ctrl-C to the child as well, and a second one would end it in the middle of its clean-up.
process.on('SIGINT', () => isatty(0) || child.kill('SIGINT'))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
