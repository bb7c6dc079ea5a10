// Writes that outlast a loss of power: a file's bytes are on the disk before its name is, and a name is
// there once its folder has been synced.

import { randomInt } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { constants } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { unless } from './faults.ts'

/** Opens nothing but what is really there: no link is followed, and no pipe is waited for. */
export const READ_HERE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The folder and all above it, each with its name on the disk. */
export async function makeFolders(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made))
  }
}

export async function writeDurably(path: string, content: string): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Like `lstat`, of whatever stands there, or undefined. */
export function look(path: string): Promise<BigIntStats | undefined> {
  return unless(['ENOENT', 'ENOTDIR'], lstat(path, { bigint: true }))
}

/** Names one write: no two writes of a key leave a file of the same time and length behind. */
export function stampOf(stats: { mtimeNs: bigint; size: bigint }): string {
  return `${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}`
}

const GROWING_MICROSECONDS = [1, 1_000, 1_000_000, 2_000_000]

/** Gives the file a time of its own, later than `previous`, and puts it on the disk. */
export async function stampFile(
  path: string,
  previous: BigIntStats | undefined,
): Promise<BigIntStats> {
  const handle = await open(path, 'r+')
  try {
    let time = microseconds()
    const floor = previous ? Number(previous.mtimeNs / 1000n) : 0
    if (time <= floor) time = floor + 1
    await handle.utimes(time / 1e6, time / 1e6)
    let stats = await handle.stat({ bigint: true })
    // A file system may keep time by the second, or by two.
    for (const step of GROWING_MICROSECONDS) {
      if (!previous || stats.mtimeNs > previous.mtimeNs) break
      await handle.utimes((floor + step) / 1e6, (floor + step) / 1e6)
      stats = await handle.stat({ bigint: true })
    }
    await handle.sync()
    return stats
  } finally {
    await handle.close()
  }
}

/** The digits below the clock's are drawn by lot, so that processes differ within a millisecond. */
function microseconds(): number {
  return Date.now() * 1000 + randomInt(1000)
}
