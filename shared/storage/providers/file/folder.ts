// The objects of one folder: where the file of a key is, and how it comes and goes. A file is put in place
// by one rename or link, under the key's lock, after its bytes and its record are on the disk: whoever looks,
// and whatever crashes, it is the old object or the new one.

import type { BigIntStats } from 'node:fs'
import { link, mkdir, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { PutMode } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { keyProblem, quoteKey } from '../../keys.ts'
import { changed, taken } from '../refusals.ts'
import { look, stampFile, stampOf, syncFolder } from './durable.ts'
import { hasCode, linkInTheWay, pathTooLong, unless } from './faults.ts'
import type { Step } from './names.ts'
import { besideName, keyToSteps } from './names.ts'
import { OwnFolder } from './own-folder.ts'
import type { ObjectRecord, Pending } from './records.ts'
import { keyName, readNote, retireRecord, settleRecord, writeRecord } from './records.ts'

/** Rounds that a write makes when others keep moving the folders under it. */
const MOST_ROUNDS = 100
/** Linux's PATH_MAX, less the longest mark at a name's end. */
const MAX_PATH_BYTES = 4095 - 8

export interface Located {
  path: string
  stats: BigIntStats
  stamp: string
}

export class Folder {
  readonly root: string
  readonly store: string
  readonly own: OwnFolder

  constructor(path: string, store: string) {
    this.root = resolve(path)
    this.store = store
    this.own = new OwnFolder(this.root, store, (notePath) => this.#settleNote(notePath))
  }

  steps(key: string): Step[] {
    const problem = keyProblem(key)
    if (problem !== undefined) {
      const message = `The key ${quoteKey(key)} cannot be used: ${problem}.`
      throw new StorageError('invalid', message, { store: this.store, key })
    }
    const steps = keyToSteps(key)
    // Known before half of its folders are made; other systems allow less and say so themselves.
    const length = steps.reduce((sum, { name }) => sum + 1 + Buffer.byteLength(name), 0)
    if (Buffer.byteLength(this.root) + length > MAX_PATH_BYTES) throw pathTooLong(this.store, key)
    return steps
  }

  /** Where the file of the key may be, likeliest first; none when a folder above it is not there, or is none. */
  async candidates(key: string): Promise<string[]> {
    const steps = this.steps(key)
    let path = this.root
    for (const { name } of steps.slice(0, -1)) {
      path = join(path, name)
      const stats = await look(path)
      if (!stats?.isDirectory()) return []
    }
    const { name } = steps.at(-1)!
    return [join(path, name), join(path, besideName(name))]
  }

  /** The regular file that is the object, or undefined. Links and special files are none. */
  async locate(key: string): Promise<Located | undefined> {
    for (const path of await this.candidates(key)) {
      const stats = await look(path)
      if (stats?.isFile()) return { path, stats, stamp: stampOf(stats) }
    }
    return undefined
  }

  lock<T>(key: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    return this.own.lock(keyName(key), signal, run)
  }

  /** Puts an unfinished file in the key's place if the mode allows it; `record` says what is known of it. */
  commit(
    key: string,
    unfinishedPath: string,
    mode: PutMode,
    signal: AbortSignal,
    record: (stamp: string) => ObjectRecord,
  ): Promise<Located> {
    return this.lock(key, signal, async () => {
      const current = await this.locate(key)
      this.checkMode(key, mode, current)
      const stats = await stampFile(unfinishedPath, current?.stats)
      const stamp = stampOf(stats)
      const pending: Pending[] = []
      try {
        pending.push(await writeRecord(this.own, record(stamp)))
        if (current) pending.push(await retireRecord(this.own, key, current.stamp))
        const path = await this.#place(key, unfinishedPath, mode)
        return { path, stats, stamp }
      } finally {
        await this.#settle(key, pending)
      }
    })
  }

  checkMode(key: string, mode: PutMode, current: Located | undefined): void {
    if (mode === 'create' && current) throw taken(this.store, key)
    if (typeof mode === 'object' && current?.stamp !== mode.ifMatch) throw changed(this.store, key)
  }

  /** False when it was not there. */
  remove(key: string, ifMatch: string | undefined, signal: AbortSignal): Promise<boolean> {
    return this.lock(key, signal, async () => {
      const current = await this.locate(key)
      if (!current) return false
      if (ifMatch !== undefined && current.stamp !== ifMatch) throw changed(this.store, key)
      const pending = [await retireRecord(this.own, key, current.stamp)]
      try {
        // Someone may have put a second file in the other place by hand.
        for (const path of await this.candidates(key)) {
          if ((await look(path))?.isFile()) await unless(['ENOENT'], unlink(path))
        }
        await this.#prune(dirname(current.path))
      } finally {
        await this.#settle(key, pending)
      }
      return true
    })
  }

  async #settle(key: string, pending: Pending[]): Promise<void> {
    const inForce = await this.locate(key)
    for (const one of pending) await settleRecord(this.own, one, inForce?.stamp)
  }

  async #settleNote(notePath: string): Promise<void> {
    const pending = await readNote(notePath)
    if (pending) await this.#settle(pending.key, [pending])
  }

  /** Folders come and go while others write and delete, so the way is made anew until the last call succeeds. */
  async #place(key: string, unfinishedPath: string, mode: PutMode): Promise<string> {
    const steps = this.steps(key)
    for (let round = 1; ; round++) {
      try {
        const path = await this.#makeWay(key, steps)
        if (mode === 'create') {
          await link(unfinishedPath, path)
          await unlink(unfinishedPath)
        } else {
          await rename(unfinishedPath, path)
        }
        await syncFolder(dirname(path))
        return path
      } catch (error) {
        const isMoving = hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY')
        if (!isMoving || round >= MOST_ROUNDS) {
          await this.#prune(join(this.root, ...steps.slice(0, -1).map(({ name }) => name)))
          throw error
        }
        // By hand, since writers hold the lock.
        if (mode === 'create' && (await this.locate(key))) throw taken(this.store, key)
      }
    }
  }

  async #makeWay(key: string, steps: Step[]): Promise<string> {
    let path = this.root
    for (const step of steps.slice(0, -1)) {
      const parent = path
      path = join(path, step.name)
      const stats = await look(path)
      if (stats?.isDirectory()) continue
      if (stats) await this.#moveBeside(key, step, path, stats)
      await makeFolder(parent, path)
    }
    const { name } = steps.at(-1)!
    const plain = join(path, name)
    const beside = join(path, besideName(name))
    const stats = await look(plain)
    if (stats?.isFile()) return plain
    if (stats && !stats.isDirectory()) throw linkInTheWay(this.store, key, plain)
    const other = await look(beside)
    if (other && !other.isFile()) throw linkInTheWay(this.store, key, beside)
    return stats || other ? beside : plain
  }

  /** An object makes room for the folder of its name. Longer keys take shorter ones' locks, never the other way round. */
  async #moveBeside(key: string, step: Step, path: string, stats: BigIntStats): Promise<void> {
    if (!stats.isFile() || step.key === undefined) throw linkInTheWay(this.store, key, path)
    await this.lock(step.key, NEVER, async () => {
      if (!(await look(path))?.isFile()) return
      await rename(path, join(dirname(path), besideName(step.name)))
      await syncFolder(dirname(path))
    })
  }

  /** Removes folders that hold nothing, upwards, and puts that on the disk. */
  async #prune(path: string): Promise<void> {
    let left = path
    while (left !== this.root && (await removeIfEmpty(left))) left = dirname(left)
    // Others may be removing it as well.
    while (!(await syncIfThere(left)) && left !== this.root) left = dirname(left)
  }

  /** Whether the file that was found is still the one in force. */
  async isStill({ path, stamp }: Located): Promise<boolean> {
    const stats = await look(path)
    return stats !== undefined && stampOf(stats) === stamp
  }
}

const NEVER = new AbortController().signal

async function makeFolder(parent: string, path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return
    throw error
  }
  await syncFolder(parent)
}

/** True when it is gone, whoever removed it. One that is filled meanwhile cannot be removed. */
async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return true
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EACCES', 'EPERM')) return false
    throw error
  }
}

async function syncIfThere(path: string): Promise<boolean> {
  try {
    await syncFolder(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}
