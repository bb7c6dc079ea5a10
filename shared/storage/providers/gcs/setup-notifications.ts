// What tells of a Google bucket's changes: Pub/Sub notifications. They have no names, so ours carries its own as
// an attribute of every message; they cannot be changed, so a new one is made before an old one goes.
// https://cloud.google.com/storage/docs/json_api/v1/notifications

import type { NotificationTarget } from '../../notification-target.ts'
import type { RuleNames } from '../../setup-names.ts'
import type { Ask, Named, RuleBook, SetupStep } from '../../setup-step.ts'
import { fit, rulesStep } from '../../setup-step.ts'
import type { Transport } from './transport.ts'

interface Notification {
  id?: string
  topic: string
  event_types?: string[]
  payload_format?: string
  object_name_prefix?: string
  custom_attributes?: Record<string, string>
}

const MARK = 'skein'
const EVENTS = ['OBJECT_FINALIZE', 'OBJECT_DELETE', 'OBJECT_ARCHIVE']
const SERVICE = '//pubsub.googleapis.com/'

export async function planNotifications(
  transport: Transport,
  ask: Ask,
  names: RuleNames,
  { place }: NotificationTarget,
): Promise<SetupStep> {
  const book = notificationBook(transport, ask)
  const { value: present } = await book.read()
  const name = names.of('changes')
  const rule: Notification = {
    topic: SERVICE + place,
    event_types: EVENTS,
    payload_format: 'JSON_API_V1',
    ...(names.prefix !== '' && { object_name_prefix: names.prefix }),
    custom_attributes: { [MARK]: name },
  }
  const seenTo = present.some((one) => !names.own(one.name) && tellsAlready(one.rule, rule))
  const step = rulesStep('notifications', book, present, names.own, seenTo ? [] : [{ name, rule }])
  return step.state === 'fit' && seenTo ? fit('notifications', 'it is told there already') : step
}

function notificationBook(
  transport: Transport,
  ask: Ask,
): RuleBook<Notification, readonly Notification[]> {
  const { bucket, name: store } = transport.settings
  const path = `/storage/v1/b/${bucket}/notificationConfigs`
  return {
    store,
    async read() {
      const { items = [] } = await ask('notificationConfigs.list', (signal) =>
        transport.json<{ items?: Notification[] }>({ method: 'GET', path, signal }),
      )
      return {
        value: items.map((rule): Named<Notification> => ({ name: nameOf(rule), rule })),
        tag: items,
      }
    },
    async write(next, { tag }) {
      const kept = new Set(next.map(({ rule }) => rule.id))
      for (const { rule } of next.filter((one) => one.rule.id === undefined)) {
        const insert = (signal: AbortSignal) =>
          transport.send({ method: 'POST', path, json: rule, signal })
        await ask('notificationConfigs.insert', insert, true)
      }
      for (const { id } of tag.filter((rule) => !kept.has(rule.id))) {
        const one = `${path}/${id}`
        await ask('notificationConfigs.delete', (signal) =>
          transport.send({ method: 'DELETE', path: one, signal }),
        )
      }
    },
    describe: (rule) => ({
      to: rule.topic,
      events: rule.event_types ?? ['all'],
      payload: rule.payload_format,
      prefix: JSON.stringify(rule.object_name_prefix ?? ''),
    }),
  }
}

function nameOf({ custom_attributes: attributes }: Notification): string | undefined {
  return attributes?.[MARK]
}

/** Events that are not named are all of them. */
function tellsAlready(theirs: Notification, ours: Notification): boolean {
  const { event_types: events, object_name_prefix: prefix = '' } = theirs
  const all = events === undefined || EVENTS.every((event) => events.includes(event))
  return theirs.topic === ours.topic && all && (ours.object_name_prefix ?? '').startsWith(prefix)
}
