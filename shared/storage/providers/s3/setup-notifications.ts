// What tells of an S3 bucket's changes. The configuration is written whole, with everything of the user's in it
// as it was. Amazon takes no two rules for one event and overlapping prefixes, so where somebody else's stands
// in the way ours is refused, unless it tells the same place already.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html

import type {
  Event,
  EventBridgeConfiguration,
  LambdaFunctionConfiguration,
  QueueConfiguration,
  TopicConfiguration,
} from '@aws-sdk/client-s3'
import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3'
import type { NotificationTarget } from '../../notification-target.ts'
import type { RuleNames } from '../../setup-names.ts'
import type { Named, RuleBook, SetupStep } from '../../setup-step.ts'
import { callRule, fit, refused, rulesStep } from '../../setup-step.ts'
import type { Configurations } from './setup-configuration.ts'

/** One of them is set. */
interface Rule {
  queue?: QueueConfiguration
  topic?: TopicConfiguration
  lambda?: LambdaFunctionConfiguration
  bridge?: EventBridgeConfiguration
}

const EVENTS: readonly Event[] = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']
/** What Amazon's lifecycle deletes it tells only under this name; others do not know it. */
const AMAZON_EVENTS: readonly Event[] = [...EVENTS, 's3:LifecycleExpiration:*']

export async function planNotifications(
  bucket: Configurations,
  names: RuleNames,
  target: NotificationTarget,
): Promise<SetupStep> {
  const book = notificationBook(bucket)
  const { value: present } = await book.read()
  const others = present.filter(({ name }) => !names.own(name))
  const events = bucket.settings.row.id === 's3' ? AMAZON_EVENTS : EVENTS
  const rule = encode(target, names, events)
  const seenTo = others.find((one) => tellsAlready(one.rule, rule))
  if (seenTo === undefined) {
    const index = present.findIndex((one) => others.includes(one) && overlaps(one.rule, rule))
    const rival = present[index]
    if (rival) return refused('notifications', overlapReason(book.store, callRule(rival, index)))
  }
  const wanted = seenTo ? [] : [{ name: names.of('changes'), rule }]
  const step = rulesStep('notifications', book, present, names.own, wanted)
  return step.state === 'fit' && seenTo ? fit('notifications', 'it is told there already') : step
}

function encode(
  { kind, place }: NotificationTarget,
  names: RuleNames,
  events: readonly Event[],
): Rule {
  if (kind === 'eventBridge') return { bridge: {} }
  const { prefix } = names
  const filter = { Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } } }
  const common = { Id: names.of('changes'), Events: [...events], ...(prefix !== '' && filter) }
  return kind === 'queue'
    ? { queue: { ...common, QueueArn: place } }
    : { topic: { ...common, TopicArn: place } }
}

function notificationBook({ Bucket, settings, send }: Configurations): RuleBook<Rule, undefined> {
  return {
    store: settings.name,
    async read() {
      const found = await send('GetBucketNotificationConfiguration', (s3, call) =>
        s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }), call),
      )
      const rules: Rule[] = [
        ...(found?.QueueConfigurations ?? []).map((queue) => ({ queue })),
        ...(found?.TopicConfigurations ?? []).map((topic) => ({ topic })),
        ...(found?.LambdaFunctionConfigurations ?? []).map((lambda) => ({ lambda })),
        ...(found?.EventBridgeConfiguration ? [{ bridge: found.EventBridgeConfiguration }] : []),
      ]
      return {
        value: rules.map((rule): Named<Rule> => ({ name: nameOf(rule), rule })),
        tag: undefined,
      }
    },
    async write(next) {
      const rules = next.map(({ rule }) => rule)
      const bridge = rules.find((rule) => rule.bridge)?.bridge
      const NotificationConfiguration = {
        QueueConfigurations: rules.flatMap(({ queue }) => queue ?? []),
        TopicConfigurations: rules.flatMap(({ topic }) => topic ?? []),
        LambdaFunctionConfigurations: rules.flatMap(({ lambda }) => lambda ?? []),
        ...(bridge && { EventBridgeConfiguration: bridge }),
      }
      const input = { Bucket, NotificationConfiguration }
      await send('PutBucketNotificationConfiguration', (s3, call) =>
        s3.send(new PutBucketNotificationConfigurationCommand(input), call),
      )
    },
    describe: (rule) => ({
      to: rule.bridge ? 'EventBridge' : placeOf(rule),
      events: eventsOf(rule),
      prefix: JSON.stringify(filterOf(rule, 'prefix')),
    }),
  }
}

type Filtered = QueueConfiguration | TopicConfiguration | LambdaFunctionConfiguration

function configurationOf({ queue, topic, lambda }: Rule): Filtered | undefined {
  return queue ?? topic ?? lambda
}

function nameOf(rule: Rule): string | undefined {
  return configurationOf(rule)?.Id
}

function placeOf({ queue, topic, lambda }: Rule): string | undefined {
  return queue?.QueueArn ?? topic?.TopicArn ?? lambda?.LambdaFunctionArn
}

function eventsOf(rule: Rule): readonly string[] {
  return configurationOf(rule)?.Events ?? []
}

function filterOf(rule: Rule, name: 'prefix' | 'suffix'): string {
  const rules = configurationOf(rule)?.Filter?.Key?.FilterRules ?? []
  return rules.find((one) => one.Name?.toLowerCase() === name)?.Value ?? ''
}

/** EventBridge is told of everything, or it is not. */
function tellsAlready(theirs: Rule, ours: Rule): boolean {
  if (theirs.bridge ?? ours.bridge) return Boolean(theirs.bridge && ours.bridge)
  const whole = filterOf(ours, 'prefix').startsWith(filterOf(theirs, 'prefix'))
  const all = eventsOf(ours).every((event) => eventsOf(theirs).some((one) => covers(one, event)))
  return placeOf(theirs) === placeOf(ours) && whole && filterOf(theirs, 'suffix') === '' && all
}

function overlaps(theirs: Rule, ours: Rule): boolean {
  if (theirs.bridge ?? ours.bridge) return false
  const [a, b] = [filterOf(theirs, 'prefix'), filterOf(ours, 'prefix')]
  const meet = eventsOf(theirs).some((one) =>
    eventsOf(ours).some((event) => covers(one, event) || covers(event, one)),
  )
  return meet && (a.startsWith(b) || b.startsWith(a))
}

function covers(pattern: string, event: string): boolean {
  return pattern.endsWith('*') ? event.startsWith(pattern.slice(0, -1)) : pattern === event
}

function overlapReason(store: string, called: string): string {
  return `The notification ${called} of ${store} tells of the same changes, and Amazon takes no two such rules; let it tell a topic that both can hear, or narrow it.`
}
