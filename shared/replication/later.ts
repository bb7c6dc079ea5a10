// The replication of a workspace, loaded when it is first asked for: a cold start that signs needs none of it.

import type { Replication, ReplicationOptions } from './replication.ts'

export function replicationLater(options: ReplicationOptions): Replication {
  let opened: Promise<Replication> | undefined
  const open = () =>
    (opened ??= import('./replication.ts').then(({ createReplication }) =>
      createReplication(options),
    ))
  return {
    accepted: async (...told) => (await open()).accepted(...told),
    settled: async (...told) => (await open()).settled(...told),
    changed: async (...told) => (await open()).changed(...told),
    seen: async (...told) => (await open()).seen(...told),
    originOf: async () => (await open()).originOf(),
    isDeleted: async () => (await open()).isDeleted(),
    judge: async () => (await open()).judge(),
    remove: async (...asked) => (await open()).remove(...asked),
    step: async (...asked) => (await open()).step(...asked),
    rangeStep: async (fields) => (await open()).rangeStep(fields),
    failed: async (...told) => (await open()).failed(...told),
    status: async () => (await open()).status(),
    replay: async (...asked) => (await open()).replay(...asked),
    resync: async (...asked) => (await open()).resync(...asked),
    resyncStep: async (...asked) => (await open()).resyncStep(...asked),
    sendWebhook: async (...asked) => (await open()).sendWebhook(...asked),
    watch: async () => (await open()).watch(),
    probe: async () => (await open()).probe(),
    failOver: async (...asked) => (await open()).failOver(...asked),
    failBack: async (...asked) => (await open()).failBack(...asked),
    catchUpStep: async (...asked) => (await open()).catchUpStep(...asked),
    moving: async () => (await open()).moving(),
    sweepTombstones: async (cursor) => (await open()).sweepTombstones(cursor),
  }
}
