// `failover`: which store takes the writes of a workspace; to another one, and back.

import type { FailoverStatus } from '#shared/client/protocol.ts'
import { formatTime } from '../terminal/format.ts'
import { facts, table } from '../terminal/table.ts'
import type { CommandRow } from './command.ts'
import { UsageError } from './command.ts'
import { ENDPOINT } from './deployed.ts'
import { replicationDoor } from './replication-door.ts'

const MODES: Record<FailoverStatus['mode'], string> = {
  normal: 'normal',
  'failed-over': 'failed over',
  returning: 'on the way back: the primary is brought up to date',
  draining: 'back; what older URLs still bring elsewhere is taken over',
}

export const failover: CommandRow = {
  name: 'failover',
  parameters: '<workspace>',
  summary: 'Have another store take the writes, or the primary again',
  about:
    'With --to the store takes writes at once, and the others follow it; what the one before it held and had not been copied is taken over when it answers again. With --back the primary is first brought up to date while the other goes on, so nothing that was written meanwhile is lost. Needs `replication.failover` in the configuration.',
  options: [
    { flags: '--to <store>', summary: 'this replica takes the writes from now on' },
    { flags: '--back', summary: 'the primary takes them again, once it holds all' },
    { flags: '--reason <text>', summary: 'kept with the change, and told to the webhooks' },
    { flags: '--status', summary: 'only tell where the writes go; so without any option' },
    ENDPOINT,
  ],
  examples: [
    ['skein failover photos --to west --reason "main is down"', 'now'],
    ['skein failover photos --back', 'when main is well again'],
    ['skein failover photos --status', 'where the writes go, and every change so far'],
  ],
  async run(context, [workspace = ''], options) {
    const [to, reason] = [options.text('to'), options.text('reason')]
    const isBack = options.flag('back')
    if ([to !== undefined, isBack, options.flag('status')].filter(Boolean).length > 1) {
      throw new UsageError('Give one of --to, --back and --status.')
    }
    const door = await replicationDoor(context, workspace, options)
    const told = reason === undefined ? {} : { reason }
    const status =
      to !== undefined
        ? await door.failOver({ to, ...told })
        : isBack
          ? await door.failBack(told)
          : (await door.status()).failover
    if (status === undefined) {
      throw new UsageError(
        `Writes of "${workspace}" may not fail over; allow it in its replication with \`failover\`.`,
      )
    }
    context.out.answer(status, () => page(status))
  },
}

function page({ acting, mode, epoch, behind, changes }: FailoverStatus): string {
  const head = facts([
    ['Writes go to', acting],
    ['State', MODES[mode]],
    ['Epoch', String(epoch)],
    ...behind.map(({ store, lateWritesUntil }): [string, string] => [
      'Catching up',
      `${store}; URLs of before may write there until ${formatTime(new Date(lateWritesUntil))}`,
    ]),
  ])
  if (changes.length === 0) return head
  const titles = ['EPOCH', 'WHEN', 'WHAT', 'FROM', 'TO', 'BY', 'REASON']
  const rows = changes.map((one) => [
    ...[String(one.epoch), formatTime(new Date(one.at)), one.what, one.from, one.to, one.by],
    one.reason ?? '',
  ])
  return `${head}\n\n${table(
    titles.map((title) => ({ title })),
    rows,
  )}`
}
