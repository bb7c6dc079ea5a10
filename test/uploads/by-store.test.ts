// Uploads of a workspace whose truth moves: planned for the store that takes the writes, and ended where they were
// begun, as long as that store is still looked after.

import { expect, test } from 'vitest'
import type { CompletedObject, UploadState } from '#shared/client/protocol.ts'
import { createSeal } from '#shared/seal.ts'
import { createUploadsByStore } from '#shared/uploads/by-store.ts'
import { createUploads } from '#shared/uploads/create.ts'
import { uploadRules } from '#shared/uploads/rules.ts'
import { newNonce, sealTicket } from '#shared/uploads/ticket.ts'
import type { Uploads } from '#shared/uploads/uploads.ts'
import type { WorkspaceState } from '#shared/workspaces/state.ts'
import { whileActing } from '#shared/workspaces/workspace.ts'
import { memoryStore, workspaceOf } from '../workspaces/workspace-of.ts'
import { SECRET, everybody } from './workspace.ts'

const HOUR = 3_600_000

function open() {
  const seal = createSeal([SECRET])
  const workspace = workspaceOf(['main', 'west'].map((name) => memoryStore(name)))
  const state: WorkspaceState = { epoch: 0, acting: 'main', behind: {}, settled: {}, changes: [] }
  /** What each store was asked. */
  const asked: string[] = []
  const ended = new Map<string, CompletedObject>()

  function uploadsOf(name: string): Uploads {
    const during = whileActing(workspace, name)
    const records = during.primary.reserved()
    const real = createUploads({
      ...{ workspace: during, rules: uploadRules(), seal, records, now: Date.now },
    })
    const object = { key: 'a', store: name, size: 1, etag: 'e', completedAt: '' }
    return {
      ...real,
      async state(_, id) {
        const told = { id, key: 'a', store: name, method: 'parts', expiresAt: '' } as const
        const found = ended.get(id)
        return { ...told, state: found ? 'completed' : 'open', object: found } satisfies UploadState
      },
      async parts(_, id) {
        asked.push(`parts at ${name}`)
        return { id, parts: { size: 0, count: 0, requests: [] }, expiresAt: '' }
      },
      async complete(_, id) {
        asked.push(`complete at ${name}`)
        ended.set(id, object)
        return object
      },
      async sweep({ cursor }) {
        asked.push(`sweep at ${name} from ${cursor ?? 'the start'}`)
        const on = cursor === undefined ? { cursor: 'parts:on|with a bar' } : {}
        return { completed: 0, quarantined: 0, aborted: 0, ...on }
      },
    }
  }

  const uploads = createUploadsByStore({
    ...{ stores: ['main', 'west'], seal, open: uploadsOf },
    state: async () => state,
  })
  const idAt = (name: string) =>
    sealTicket(
      { seal, workspace, store: whileActing(workspace, name).primary },
      {
        ...{ nonce: newNonce(), key: 'a', staged: false, method: 'parts' },
        ...{ constraints: { minBytes: 0, maxBytes: 9 }, expires: Date.now() + HOUR },
      },
    )
  return { uploads, state, asked, idAt }
}

const left = { since: 0, lateUntil: 0 }

test('an upload goes on and ends where it was begun, while that store is looked after', async () => {
  const { uploads, state, asked, idAt } = open()
  const id = idAt('main')
  await uploads.parts(everybody, id, {})
  Object.assign(state, { acting: 'west', behind: { main: left } })
  await uploads.parts(everybody, id, {})
  expect(await uploads.complete(everybody, id, {})).toMatchObject({ store: 'main' })
  expect(asked).toEqual(['parts at main', 'parts at main', 'complete at main'])
})

test('afterwards it is to be begun again, and one that was completed is told again', async () => {
  const { uploads, state, asked, idAt } = open()
  const [begun, ended] = [idAt('main'), idAt('main')]
  await uploads.complete(everybody, ended, {})
  Object.assign(state, { acting: 'west' })
  const sentence = 'This upload was begun at main, which takes no uploads any more; begin it again.'
  await expect(uploads.parts(everybody, begun, {})).rejects.toThrow(sentence)
  await expect(uploads.complete(everybody, begun, {})).rejects.toThrow(sentence)
  expect(await uploads.complete(everybody, ended, {})).toMatchObject({ store: 'main' })
  expect(asked).toEqual(['complete at main'])
  expect(await uploads.arrived('main', 'a')).toMatchObject({ became: 'ignored' })
})

test('a sweep goes from store to store, those alone that are looked after', async () => {
  const { uploads, state, asked } = open()
  Object.assign(state, { acting: 'west', behind: { main: left } })
  let cursor: string | undefined
  do ({ cursor } = await uploads.sweep({ cursor }))
  while (cursor !== undefined)
  const on = 'from parts:on|with a bar'
  expect(asked).toEqual([
    ...['sweep at main from the start', `sweep at main ${on}`],
    ...['sweep at west from the start', `sweep at west ${on}`],
  ])
})

test('an id of another workspace opens nothing', async () => {
  const { uploads } = open()
  const stranger = sealTicket(
    {
      seal: createSeal([SECRET]),
      workspace: { ...workspaceOf([memoryStore('north')]), name: 'other' },
      store: memoryStore('north'),
    },
    {
      ...{ nonce: newNonce(), key: 'a', staged: false, method: 'put' },
      ...{ constraints: { minBytes: 0, maxBytes: 9 }, expires: Date.now() + HOUR },
    },
  )
  await expect(uploads.abort(everybody, stranger)).rejects.toThrow('belongs to another workspace')
})
