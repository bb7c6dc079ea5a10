// Which process left something behind, and whether it still lives. Every process that writes to a folder
// has one small file there that names it; hard links of that file are the locks it holds.

import { randomBytes } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

export interface ProcessIdentity {
  /** Of this one start of this process. */
  nonce: string
  pid: number
  /** The kernel's start time of the process, so that a number used again is not taken for it; '' if unknown. */
  started: string
  /** Host, boot and process numbering: elsewhere a number means nothing. */
  machine: string
}

export type Life = 'alive' | 'dead' | 'unknown'

let own: Promise<ProcessIdentity> | undefined

export function ownIdentity(): Promise<ProcessIdentity> {
  own ??= identify()
  return own
}

async function identify(): Promise<ProcessIdentity> {
  const [boot, numbering, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    readStat(process.pid),
  ])
  return {
    nonce: randomBytes(8).toString('hex'),
    pid: process.pid,
    started: stat?.started ?? '',
    machine: `${hostname()} ${boot.trim()} ${numbering}`,
  }
}

export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const identity: ProcessIdentity = JSON.parse(text)
    return typeof identity.nonce === 'string' ? identity : undefined
  } catch {
    return undefined
  }
}

/** `unknown` where nothing but silence can tell: another machine, or a system that does not say when processes began. */
export async function lifeOf(identity: ProcessIdentity): Promise<Life> {
  const self = await ownIdentity()
  if (identity.nonce === self.nonce) return 'alive'
  if (identity.machine !== self.machine) return 'unknown'
  if (!isRunning(identity.pid)) return 'dead'
  const stat = await readStat(identity.pid)
  if (!stat || identity.started === '') return 'unknown'
  if (stat.started !== identity.started || stat.ended) return 'dead'
  // Another thread of this process may have ended without the process.
  return identity.pid === self.pid ? 'unknown' : 'alive'
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** From Linux's /proc; see proc_pid_stat(5). */
async function readStat(pid: number): Promise<{ started: string; ended: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  // The command's name may hold anything, so fields are counted from its closing bracket: state, then 18 more.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { started: fields[19] ?? '', ended: fields[0] === 'Z' || fields[0] === 'X' }
}
