// What an administrator of an Azure account has to run for Event Grid to tell of a container's changes, as lines
// for a POSIX shell with `az`. https://learn.microsoft.com/cli/azure/eventgrid/event-subscription

import { addressWithSecret } from '../../notification-commands.ts'
import type { NotificationTarget } from '../../notification-target.ts'
import type { RuleNames } from '../../setup-names.ts'
import { shellLine } from '../../setup-step.ts'
import { escapeName } from './names.ts'
import type { AzureSettings } from './settings.ts'

const EVENTS = ['BlobCreated', 'BlobDeleted', 'BlobRenamed'].map(
  (name) => `Microsoft.Storage.${name}`,
)

export function subscriptionCommands(
  { account, container }: AzureSettings,
  names: RuleNames,
  { kind, place }: NotificationTarget,
): string[] {
  const ask = shellLine('az', 'storage', 'account', 'show', '--name', account)
  const subject = `/blobServices/default/containers/${container}/blobs/${escapeName(names.prefix)}`
  const create = shellLine(
    ...['az', 'eventgrid', 'event-subscription', 'create', '--name', names.of('changes')],
    ...['--included-event-types', ...EVENTS, '--subject-begins-with', subject],
  )
  const target =
    kind === 'queue'
      ? shellLine('--endpoint-type', 'storagequeue', '--endpoint', place)
      : `--endpoint ${addressWithSecret(place)}`
  return [
    `account="$(${ask} --query id --output tsv)"`,
    `${create} --source-resource-id "$account" ${target}`,
  ]
}
