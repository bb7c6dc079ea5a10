// `replication`: how far the replicas are behind, what was set aside and why, and how it is sent on its way again.

import type { ReplicationProblem, ReplicationStatus } from '#shared/client/protocol.ts'
import { formatCount, formatTime } from '../terminal/format.ts'
import { table } from '../terminal/table.ts'
import type { CommandRow } from './command.ts'
import { ENDPOINT } from './deployed.ts'
import { replicationDoor } from './replication-door.ts'

const HERE =
  'Without --endpoint it is carried out by this process; what should wait, as the second look after a deletion, is then not done.'

export const replicationStatus: CommandRow = {
  name: 'replication status',
  parameters: '<workspace>',
  summary: 'How far each replica is behind',
  about:
    'The lag is the age of the oldest change that is known not to be there. Ends with 1 where something was set aside or waits for a person.',
  options: [ENDPOINT],
  examples: [['skein replication status photos', 'one line a replica']],
  async run(context, [workspace = ''], options) {
    const door = await replicationDoor(context, workspace, options)
    const status = await door.status()
    context.out.answer(status, () => statusTable(status))
    if (status.heldDeletes > 0) {
      context.out.remark(
        `${formatCount(status.heldDeletes)} deletions wait for a person's word: skein replication replay ${workspace} --deletes`,
      )
    }
    const stuck = status.replicas.some(({ setAside, findings }) => setAside + findings > 0)
    if (stuck || status.heldDeletes > 0) context.failed()
  },
}

function statusTable({ replicas }: ReplicationStatus): string {
  const titles = ['LAG', 'LATE', 'SET ASIDE', 'FOUND', 'CANARY'].map((title) => {
    return { title, right: true }
  })
  return table(
    [{ title: 'REPLICA' }, ...titles],
    replicas.map(({ store, lagSeconds, late, setAside, findings, atLeast, canarySeconds }) => {
      const counted = (count: number) => formatCount(count) + (atLeast ? '+' : '')
      return [
        ...[store, formatSeconds(lagSeconds), counted(late), counted(setAside), counted(findings)],
        canarySeconds === undefined ? '' : formatSeconds(canarySeconds),
      ]
    }),
  )
}

function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds * 10) / 10} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

export const replicationList: CommandRow = {
  name: 'replication list',
  parameters: '<workspace>',
  summary: 'What is late, set aside or found, with the reason',
  about: 'The oldest twenty of each replica and kind.',
  options: [
    { flags: '--store <name>', summary: 'at this replica alone' },
    { flags: '--kind <kind>', summary: 'late, set-aside, bare-absence or foreign' },
    ENDPOINT,
  ],
  async run(context, [workspace = ''], options) {
    const door = await replicationDoor(context, workspace, options)
    const [store, kind] = [options.text('store'), options.text('kind')]
    const problems = (await door.status()).problems
      .filter((one) => store === undefined || one.store === store)
      .filter((one) => kind === undefined || one.kind === kind)
    context.out.answer({ problems }, () => problemTable(problems))
  },
}

function problemTable(problems: readonly ReplicationProblem[]): string {
  if (problems.length === 0) return 'Nothing: every change that is known of is where it should be.'
  return table(
    [
      ...[{ title: 'KIND' }, { title: 'REPLICA' }, { title: 'SINCE' }],
      ...[{ title: 'TRIED', right: true }, { title: 'KEY' }, { title: 'REASON' }],
    ],
    problems.map(({ kind, store, since, attempts, key, reason }) => [
      ...[kind, store, formatTime(new Date(since)), attempts === undefined ? '' : String(attempts)],
      ...[key, reason],
    ]),
  )
}

export const replicationReplay: CommandRow = {
  name: 'replication replay',
  parameters: '<workspace>',
  summary: 'Send on its way again what was set aside or found',
  about: `Once the cause is seen to. ${HERE}`,
  options: [
    { flags: '--store <name>', summary: 'at this replica alone' },
    { flags: '--key <key>', summary: 'of this key alone' },
    { flags: '--deletes', summary: 'let the deletions go, too, that wait for a word of yours' },
    ENDPOINT,
  ],
  examples: [['skein replication replay photos --store west', 'west takes writes again']],
  async run(context, [workspace = ''], options) {
    const door = await replicationDoor(context, workspace, options)
    const [store, key] = [options.text('store'), options.text('key')]
    const sent = { replayed: 0, deletes: 0 }
    for (let more = true; more;) {
      const answer = await door.replay({
        ...(store !== undefined && { store }),
        ...(key !== undefined && { key }),
        ...(options.flag('deletes') && { deletes: true }),
      })
      sent.replayed += answer.replayed
      sent.deletes += answer.deletes
      // What fails here again is set aside again, and would be sent for ever.
      more = answer.more && door.isElsewhere && answer.replayed + answer.deletes > 0
    }
    const left = door.isElsewhere ? undefined : stuckIn(await door.status())
    context.out.answer({ ...sent, ...(left !== undefined && { left }) }, () =>
      [
        `${formatCount(sent.replayed)} changes and ${formatCount(sent.deletes)} deletions were sent on their way.`,
        ...(left === undefined ? [] : [`${formatCount(left)} are set aside or found now.`]),
      ].join('\n'),
    )
    if (left) context.failed()
  },
}

function stuckIn({ replicas }: ReplicationStatus): number {
  return replicas.reduce((sum, { setAside, findings }) => sum + setAside + findings, 0)
}

export const replicationResync: CommandRow = {
  name: 'replication resync',
  parameters: '<workspace> [prefix]',
  summary: 'Compare with every replica, and copy what differs',
  about: `Finds what nobody has told of. Lists are compared, and only what differs is looked at. ${HERE}`,
  options: [
    { flags: '--thorough', summary: 'look at each copy, whatever its size and time say' },
    ENDPOINT,
  ],
  examples: [['skein replication resync photos 2026/', 'what begins with 2026/']],
  async run(context, [workspace = '', prefix], options) {
    const door = await replicationDoor(context, workspace, options)
    await door.resync({
      ...(prefix !== undefined && { prefix }),
      ...(options.flag('thorough') && { thorough: true }),
    })
    const left = door.isElsewhere ? undefined : stuckIn(await door.status())
    context.out.answer({ begun: true, ...(left !== undefined && { left }) }, () =>
      left === undefined
        ? 'It has begun; skein replication status tells how far it is.'
        : `Compared. ${formatCount(left)} changes are set aside or found.`,
    )
    if (left) context.failed()
  },
}

export const REPLICATION = [
  ...[replicationStatus, replicationList, replicationReplay, replicationResync],
]
