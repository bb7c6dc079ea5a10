// Where probing happens: a place of its own under `.skein/` in the store, and how it is left, which is as if
// nobody had been there, versions and unfinished uploads included, also after a failure or an interruption.

import type { Capabilities } from '../capabilities.ts'
import type { DeleteTarget, ObjectProperties, PutMode } from '../contract.ts'
import { StorageError } from '../errors.ts'
import { RESERVED_PREFIX } from '../keys.ts'
import type { Store } from '../store.ts'

export interface Client {
  fetch: typeof fetch
  signal: AbortSignal
}

export class Ground {
  /** May use Skein's own keys. */
  readonly store: Store
  readonly recorded: Capabilities
  readonly client: Client
  readonly place = `${RESERVED_PREFIX}probe-${crypto.randomUUID().slice(0, 13)}/`
  readonly #uploads: { key: string; uploadId: string }[] = []

  constructor(store: Store, recorded: Capabilities, client: Client) {
    this.store = store.reserved()
    this.recorded = recorded
    this.client = client
  }

  get signal(): AbortSignal {
    return this.client.signal
  }

  key(name: string): string {
    return this.place + name
  }

  async write(
    name: string,
    text: string,
    options: ObjectProperties & { mode?: PutMode } = {},
  ): Promise<{ key: string; etag: string }> {
    const { signal } = this
    return this.store.put(this.key(name), text, { ...options, signal })
  }

  async read(name: string): Promise<string> {
    const { body } = await this.store.get(this.key(name), { signal: this.signal })
    return new Response(body).text()
  }

  /** The text there, or undefined. */
  async find(name: string): Promise<string | undefined> {
    const { signal } = this
    return (await this.store.find(this.key(name), { signal })) && this.read(name)
  }

  async delete(...targets: DeleteTarget[]): Promise<void> {
    const results = await this.store.delete(targets, { signal: this.signal })
    const failed = results.find(({ error }) => error !== undefined)
    if (failed?.error) throw failed.error
  }

  /** An upload that the clean-up will not forget. */
  async begin(name: string, mode: PutMode = 'overwrite'): Promise<string> {
    const key = this.key(name)
    const { signal } = this
    const uploadId = await this.store.groups.multipart.begin(key, { mode, signal })
    this.#uploads.push({ key, uploadId })
    return uploadId
  }

  /** Nothing is left behind; else the sentence that says what could not be removed. The caller's signal does not end it. */
  async leave(): Promise<string | undefined> {
    const problems: string[] = []
    const trying = async (work: () => Promise<void>) => {
      await work().catch((error: unknown) => problems.push(reasonOf(error)))
    }
    for (const { key, uploadId } of this.#uploads) {
      await trying(() => this.store.groups.multipart.abort(key, uploadId))
    }
    await trying(() => this.#overwriteUploads())
    await trying(() => this.#deleteObjects())
    await trying(() => this.#deleteVersions())
    await this.store.close()
    if (problems.length === 0) return undefined
    return `Something may be left at ${this.place} in ${this.store.name}; delete it: ${problems[0]}`
  }

  /** Azure has no abort: parts that were never joined go when their key is written. */
  async #overwriteUploads(): Promise<void> {
    if (this.#uploads.length === 0) return
    const { multipart } = this.store.groups
    const none = { uploads: [] }
    const left = await multipart.listUploads({ prefix: this.place }).catch(() => none)
    for (const { key } of left.uploads) await this.store.put(key, '')
  }

  async #deleteObjects(): Promise<void> {
    const targets: DeleteTarget[] = []
    for await (const { key } of this.store.listAll({ prefix: this.place })) targets.push({ key })
    await this.#deleteAll(targets)
  }

  async #deleteVersions(): Promise<void> {
    if (!this.store.capabilities.versions) return
    const targets: DeleteTarget[] = []
    let cursor: string | undefined
    do {
      const page = await this.#versions(cursor)
      targets.push(...page.versions.map(({ key, version }) => ({ key, version })))
      cursor = page.cursor
    } while (cursor !== undefined)
    await this.#deleteAll(targets)
  }

  /** None where nothing keeps versions. */
  async #versions(cursor: string | undefined) {
    try {
      return await this.store.groups.versions.list({ prefix: this.place, cursor })
    } catch (error) {
      if (!(error instanceof StorageError) || !HAS_NONE.has(error.kind)) throw error
      return { versions: [], cursor: undefined }
    }
  }

  /** One by one where the store refuses to delete several at once. */
  async #deleteAll(targets: DeleteTarget[]): Promise<void> {
    const all = await this.store.delete(targets).catch(() => undefined)
    if (all?.every(({ error }) => error === undefined)) return
    for (const target of targets) {
      const [result] = await this.store.delete([target])
      if (result?.error) throw result.error
    }
  }
}

const HAS_NONE = new Set<string>(['unsupported', 'invalid', 'not-found'])

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
