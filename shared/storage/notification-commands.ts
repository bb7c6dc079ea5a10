// How somebody makes R2 and B2 tell of changes, as lines for a POSIX shell: neither can be told so by the keys
// of a bucket. A secret is no part of any line; it stands in a variable that the line names.
// https://developers.cloudflare.com/r2/buckets/event-notifications/
// https://www.backblaze.com/docs/cloud-storage-bucket-notification-rule-create-command

import type { StoreAddress } from './address.ts'
import type { NotificationTarget } from './notification-target.ts'
import type { RuleNames } from './setup-names.ts'
import { shellLine, shellWord } from './setup-step.ts'

const B2_EVENTS = ['b2:ObjectCreated:*', 'b2:ObjectDeleted:*', 'b2:HideMarkerCreated:*']

/** Undefined for a provider that has an interface for it, or an administrator's tool of its own. */
export function tellingCommands(
  { row, bucket, parameters }: StoreAddress,
  names: RuleNames,
  { place }: NotificationTarget,
): string[] | undefined {
  const name = names.of('changes')
  if (row.id === 'r2') {
    const { jurisdiction } = parameters
    const command = ['npx', 'wrangler', 'r2', 'bucket', 'notification', 'create', bucket]
    return [
      shellLine(
        ...[...command, '--event-type', 'object-create', 'object-delete', '--queue', place],
        ...(names.prefix === '' ? [] : ['--prefix', names.prefix]),
        ...['--description', name],
        ...(jurisdiction === undefined ? [] : ['--jurisdiction', jurisdiction]),
      ),
    ]
  }
  if (row.id !== 'b2') return undefined
  const command = ['b2', 'bucket', 'notification-rule', 'create', `b2://${bucket}/${names.prefix}`]
  const events = B2_EVENTS.flatMap((event) => ['--event-type', event])
  const line = shellLine(...command, name, ...events, '--webhook-url', place)
  return [`${line} --sign-secret "$SKEIN_HOOK_SECRET"`]
}

/** An address that carries the secret of its hook, as one word of a shell. */
export function addressWithSecret(url: string): string {
  return `${shellWord(`${url}${url.includes('?') ? '&' : '?'}secret=`)}"$SKEIN_HOOK_SECRET"`
}
