// What Skein keeps in a folder beside the objects, under `.skein`: unfinished writes, records, locks,
// uploads. Made when the first write comes; whoever makes it also clears away what dead processes left.

import { readFile, readdir, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../../errors.ts'
import { look, makeFolders, writeDurably } from './durable.ts'
import { unless } from './faults.ts'
import { withLock } from './lock.ts'
import { OWN_FOLDER } from './names.ts'
import { lifeOf, ownIdentity, parseIdentity } from './processes.ts'

const PARTS = ['unfinished', 'records', 'locks', 'uploads', 'processes'] as const
type OwnPart = (typeof PARTS)[number]

/** What another machine has not touched for so long, nobody is coming back for. */
const FORGOTTEN_MILLISECONDS = 24 * 3_600_000

/** Settles what a process that ended has noted. */
export type Settle = (notePath: string) => Promise<void>

export class OwnFolder {
  readonly #root: string
  readonly #store: string
  readonly #settle: Settle
  #ready: Promise<string> | undefined
  #count = 0

  constructor(root: string, store: string, settle: Settle) {
    this.#root = root
    this.#store = store
    this.#settle = settle
  }

  path(part: OwnPart, ...names: string[]): string {
    return join(this.#root, OWN_FOLDER, part, ...names)
  }

  /** A name of our own for something unfinished, on the same file system as the objects. */
  async unfinishedPath(suffix = ''): Promise<string> {
    await this.#prepare()
    const { nonce } = await ownIdentity()
    this.#count += 1
    return this.path('unfinished', `${nonce}-${unique()}-${this.#count}${suffix}`)
  }

  async lock<T>(name: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const identity = await this.#prepare()
    return withLock(identity, this.path('locks', name), signal, run)
  }

  /** The path of the file that names this process. Made again if someone has emptied the folder meanwhile. */
  async #prepare(): Promise<string> {
    for (;;) {
      const making = (this.#ready ??= this.#make())
      const path = await making.catch((error: unknown) => {
        if (this.#ready === making) this.#ready = undefined
        throw error
      })
      if (await look(path)) return path
      if (this.#ready === making) this.#ready = undefined
    }
  }

  async #make(): Promise<string> {
    for (const part of PARTS) {
      await this.#refuseLinks(part)
      await makeFolders(this.path(part))
    }
    const identity = await ownIdentity()
    const path = this.path('processes', `${identity.nonce}.json`)
    const draft = `${path}.${unique()}`
    await writeDurably(draft, JSON.stringify(identity))
    await rename(draft, path)
    await this.#sweep(path)
    return path
  }

  async #refuseLinks(part: OwnPart): Promise<void> {
    for (const path of [join(this.#root, OWN_FOLDER), this.path(part)]) {
      const stats = await look(path)
      if (!stats || stats.isDirectory()) continue
      const message = `${JSON.stringify(path)} in ${this.#store} is not a folder; Skein keeps its records there, so move it away.`
      throw new StorageError('denied', message, { store: this.#store })
    }
  }

  async #sweep(identityPath: string): Promise<void> {
    for (const name of await readdir(this.path('processes'))) {
      const path = this.path('processes', name)
      const text = await unless(['ENOENT'], readFile(path, 'utf8'))
      const identity = text === undefined ? undefined : parseIdentity(text)
      if (!identity) continue
      const life = await lifeOf(identity)
      if (life === 'dead') await this.#clearLocks(identity.nonce, identityPath)
      if (life === 'dead' || (life === 'unknown' && (await isForgotten(path)))) {
        await this.#clearUnfinished(identity.nonce)
        await unless(['ENOENT'], unlink(path))
      }
    }
  }

  /** By taking each and giving it back. */
  async #clearLocks(nonce: string, identityPath: string): Promise<void> {
    for (const name of await readdir(this.path('locks'))) {
      const path = this.path('locks', name)
      const text = await unless(['ENOENT'], readFile(path, 'utf8'))
      if (text === undefined || parseIdentity(text)?.nonce !== nonce) continue
      await withLock(identityPath, path, new AbortController().signal, async () => undefined)
    }
  }

  async #clearUnfinished(nonce: string): Promise<void> {
    for (const name of await readdir(this.path('unfinished'))) {
      if (!name.startsWith(`${nonce}-`)) continue
      const path = this.path('unfinished', name)
      if (name.endsWith('.json')) await this.#settle(path)
      await rm(path, { force: true, recursive: true })
    }
  }
}

async function isForgotten(path: string): Promise<boolean> {
  const stats = await look(path)
  return stats !== undefined && Date.now() - Number(stats.ctimeMs) > FORGOTTEN_MILLISECONDS
}

let uniques = 0

/** Several stores of one process may use the same folder. */
function unique(): string {
  uniques += 1
  return uniques.toString(36)
}
