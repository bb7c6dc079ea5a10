// Ceph's radosgw on free ports of this machine, in memory: a monitor, one OSD and the gateway, each ended
// by its own process id. A production S3 server, so the suite is held to something we did not write.

import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { accessSync, constants } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ServerProcess } from './process.ts'
import { startProcess } from './process.ts'

const run = promisify(execFile)
const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph', 'ceph-mon', 'ceph-osd', 'monmaptool']
const KEYS = {
  accessKeyId: 'TESTACCESSKEY0000001',
  secretAccessKey: 'testsecretkey0000000000000000000000001',
}
const CLASSES = ['STANDARD_IA', 'GLACIER']

/** Why it cannot run here, or undefined when it can. */
export function radosgwMissing(): string | undefined {
  const absent = PROGRAMS.filter((program) => !onPath(program))
  return absent.length === 0
    ? undefined
    : `not installed: ${absent.join(', ')} (apt-get install radosgw ceph-mon ceph-osd ceph-common)`
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export interface RadosgwServer {
  told: { url: string; accessKeyId: string; secretAccessKey: string }
  /** Of all its daemons. */
  pids: readonly number[]
  stop: () => Promise<void>
}

export async function startRadosgw(): Promise<RadosgwServer> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-radosgw-'))
  const started: ServerProcess[] = []
  const stop = async (): Promise<void> => {
    // The gateway first: without its monitor it would wait for it.
    for (const one of started.toReversed()) await one.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const cluster = await configure(folder)
    started.push(await startDaemon(cluster, 'ceph-mon', ['-i', 'a']))
    await makeOsd(cluster)
    started.push(await startDaemon(cluster, 'ceph-osd', ['-i', '0']))
    await until(async () => (await ceph(cluster, ['osd', 'stat'])).includes('1 up'))
    await makeUsersAndClasses(cluster)
    started.push(await startDaemon(cluster, 'radosgw', ['-n', 'client.rgw']))
    await until(async () => (await fetch(cluster.url)).status > 0)
    const pids = started.map(({ pid }) => pid)
    return { told: { url: cluster.url, ...KEYS }, pids, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Cluster {
  folder: string
  url: string
  fsid: string
  conf: readonly string[]
}

async function configure(folder: string): Promise<Cluster> {
  const [monitor, gateway] = await freePorts(2)
  const fsid = crypto.randomUUID()
  for (const name of ['mon', 'osd', 'run', 'log']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'ceph.conf'), configuration(folder, fsid, monitor!, gateway!))
  const keyring = join(folder, 'keyring')
  const keys: [name: string, caps: string[]][] = [
    ['mon.', ['--cap', 'mon', 'allow *']],
    [
      'client.admin',
      ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *'],
    ],
    ['client.rgw', ['--cap', 'mon', 'allow rw', '--cap', 'osd', 'allow rwx']],
    ['osd.0', ['--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *']],
  ]
  for (const [i, [name, caps]] of keys.entries()) {
    const create = i === 0 ? ['-C'] : []
    await run('ceph-authtool', [...create, keyring, '--gen-key', '-n', name, ...caps])
  }
  const map = join(folder, 'monmap')
  const address = `[v2:127.0.0.1:${monitor}]`
  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', address, map])
  const conf = ['-c', join(folder, 'ceph.conf')]
  await run('ceph-mon', [...conf, '-i', 'a', '--mkfs', '--monmap', map, '--keyring', keyring])
  return { folder, fsid, conf, url: `http://127.0.0.1:${gateway}` }
}

async function makeOsd({ conf, folder }: Cluster): Promise<void> {
  const id = crypto.randomUUID()
  await run('ceph', [...conf, 'osd', 'new', id], { timeout: 30_000 })
  await run('ceph-osd', [...conf, '-i', '0', '--mkfs', '--osd-uuid', id])
  await access(join(folder, 'osd'))
}

async function makeUsersAndClasses({ conf }: Cluster): Promise<void> {
  const admin = (...args: string[]) => run('radosgw-admin', [...conf, ...args])
  const { accessKeyId, secretAccessKey } = KEYS
  const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`]
  await admin('user', 'create', '--uid=test', '--display-name=test', ...keys)
  for (const name of CLASSES) {
    const placement = ['--placement-id', 'default-placement', '--storage-class', name]
    await admin('zonegroup', 'placement', 'add', '--rgw-zonegroup', 'default', ...placement)
    const pool = ['--data-pool', `default.rgw.${name}.data`]
    await admin('zone', 'placement', 'add', '--rgw-zone', 'default', ...placement, ...pool)
  }
}

/** These say nothing when they are ready: whoever needs them asks until they answer. */
async function startDaemon(
  { conf }: Cluster,
  program: string,
  args: string[],
): Promise<ServerProcess> {
  const script = 'echo ready; exec "$0" "$@"'
  const command = ['-c', script, program, ...conf, ...args, '-f']
  return startProcess({ command: '/bin/sh', args: command, ready: /^ready$/ })
}

async function ceph({ conf }: Cluster, args: string[]): Promise<string> {
  return (await run('ceph', [...conf, ...args], { timeout: 30_000 })).stdout
}

/** Asks again until it is so; a start that never comes about fails after half a minute. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds().catch(() => false)) return
    await wait(100)
  }
  throw new Error('radosgw did not come up within 30 seconds')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      return typeof address === 'object' && address ? address.port : 0
    }),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function configuration(folder: string, fsid: string, monitor: number, gateway: number): string {
  return `[global]
fsid = ${fsid}
mon host = v2:127.0.0.1:${monitor}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
run dir = ${folder}/run
admin socket = ${folder}/run/$cluster-$name.asok
pid file = ${folder}/run/$name.pid
log file = ${folder}/log/$name.log
keyring = ${folder}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
ms bind ipv6 = false
paxos propose interval = 0.02
paxos min wait = 0.01
mon tick interval = 1
mon client ping interval = 10
mon client hunt interval = 0.3
[mon.a]
mon data = ${folder}/mon
mon data avail warn = 1
auth allow insecure global id reclaim = true
[osd]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 4G
osd memory target = 939524096
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gateway} tcp_nodelay=1
rgw dns name = localhost
rgw enable usage log = false
rgw thread pool size = 64
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw enable apis = s3, admin
`
}
