// The record as the probe found it, and what has to be set where it differs. What could not be found out
// stays as it was recorded.

import { isGroup } from '#shared/shape/group.ts'
import type { Capabilities } from '../capabilities.ts'
import type { Finding } from './finding.ts'
import { ACTIONS, ALGORITHMS, CONSTRAINTS, optimistic } from './optimism.ts'

/** One setting below a store's `capabilities`. */
export interface Setting {
  path: readonly string[]
  value: unknown
}

/** The same probe under this record finds no difference. */
export function foundRecord(recorded: Capabilities, findings: readonly Finding[]): Capabilities {
  const cells = new Map(findings.map(({ cell, found }) => [cell, found]))
  const is = (cell: string, before = false): boolean => {
    const found = cells.get(cell)
    return typeof found === 'boolean' ? found : before
  }
  const order = cells.get('list.order')
  const batch = cells.get('delete.batch')
  return {
    ...recorded,
    put: {
      ...recorded.put,
      create: is('put.create', recorded.put.create),
      match: is('put.match', recorded.put.match),
      checksums: itemsOf('put.checksums', ALGORITHMS, recorded.put.checksums, is),
    },
    delete: {
      batch: typeof batch === 'number' ? batch : recorded.delete.batch,
      match: is('delete.match', recorded.delete.match),
    },
    list: {
      ...recorded.list,
      order: order === 'utf8' || order === 'utf16' ? order : recorded.list.order,
    },
    copy: copyOf(recorded, is),
    multipart: multipartOf(recorded, is),
    presign: presignOf(recorded, is),
    tags: is('tags', recorded.tags !== null) ? optimistic(recorded).tags : null,
    versions: is('versions', recorded.versions),
  }
}

type Is = (cell: string, before?: boolean) => boolean

function copyOf(recorded: Capabilities, is: Is): Capabilities['copy'] {
  const { copy } = recorded
  const limits = optimistic(recorded).copy
  if (limits === null || !is('copy', copy !== null)) return null
  return {
    ...limits,
    sourceMatch: is('copy.sourceMatch', copy?.sourceMatch),
    create: is('copy.create', copy?.create),
    match: is('copy.match', copy?.match),
  }
}

function multipartOf(recorded: Capabilities, is: Is): Capabilities['multipart'] {
  const { multipart } = recorded
  const limits = optimistic(recorded).multipart
  if (limits === null || !is('multipart', multipart !== null)) return null
  return {
    ...limits,
    equalParts: is('multipart.equalParts', multipart?.equalParts),
    create: is('multipart.create', multipart?.create),
    match: is('multipart.match', multipart?.match),
    listParts: is('multipart.listParts', multipart?.listParts),
    listUploads: is('multipart.listUploads', multipart?.listUploads),
    digests: multipart?.digests ?? limits.digests,
    pulls: multipart?.pulls ?? limits.pulls,
  }
}

function presignOf(recorded: Capabilities, is: Is): Capabilities['presign'] {
  const { presign } = recorded
  const limits = optimistic(recorded).presign
  const actions = itemsOf('presign.actions', ACTIONS, presign?.actions ?? [], is)
  if (limits === null || (presign === null && actions.length === 0)) return null
  return {
    ...limits,
    actions,
    enforces: itemsOf('presign.enforces', CONSTRAINTS, presign?.enforces ?? [], is),
    checksums: itemsOf('presign.checksums', ALGORITHMS, presign?.checksums ?? [], is),
  }
}

function itemsOf<Item extends string>(
  cell: string,
  all: readonly Item[],
  before: readonly Item[],
  is: Is,
): readonly Item[] {
  return all.filter((item) => is(`${cell}.${item}`, before.includes(item)))
}

/** Field by field, so that what else was set for the store stays; a group that comes or goes is one setting. */
export function settingsBetween(recorded: Capabilities, found: Capabilities): Setting[] {
  return differing(recorded, found).flatMap(({ name: group, before, after }) =>
    isGroup(before) && isGroup(after)
      ? differing(before, after).map(({ name, after: value }) => ({ path: [group, name], value }))
      : [{ path: [group], value: after }],
  )
}

function differing(one: object, other: object) {
  const befores = new Map<string, unknown>(Object.entries(one))
  return Object.entries(other)
    .map(([name, after]: [string, unknown]) => ({ name, before: befores.get(name), after }))
    .filter(({ before, after }) => !isSame(before, after))
}

/** Lists of a record are sets. */
function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item) => other.includes(item))
  }
  if (isGroup(one) && isGroup(other)) return differing(one, other).length === 0
  return one === other
}
