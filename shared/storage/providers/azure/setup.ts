// Making an Azure container fit. CORS belongs to the account's blob service and is set there, beside the
// rules of every other container; lifecycle, versioning and keys belong to the management plane, for which
// a store has no credentials, and are given as commands of `az`.

import { planCors } from '../../cors-rule.ts'
import type { CorsRule } from '../../cors-rule.ts'
import { isStorageError } from '../../errors.ts'
import type { LifecycleRule } from '../../lifecycle-rule.ts'
import type { SetupDriver } from '../../setup.ts'
import type { RuleNames } from '../../setup-names.ts'
import type { Ask, SetupStep } from '../../setup-step.ts'
import { byCommand, fit, refused } from '../../setup-step.ts'
import type { AzureSettings } from './settings.ts'
import { corsCommand, keyCommand, policyCommands, versioningCommand } from './setup-commands.ts'
import { subscriptionCommands } from './setup-notifications.ts'
import { ASKED_HEADERS, EXPOSED_HEADERS, corsBook } from './setup-cors.ts'

export function createAzureSetup(settings: AzureSettings, prefix: string, ask: Ask): SetupDriver {
  return {
    printsTheRest: true,
    place: `${settings.container}/${prefix}`,
    cors: (names, wish) => {
      const rule = { ...wish, headers: ASKED_HEADERS, exposed: EXPOSED_HEADERS }
      return orByCommand(settings, names, rule, () =>
        planCors(corsBook(settings, ask), names, rule),
      )
    },
    encryption: async (wanted) => planEncryption(settings, wanted),
    versioning: async (wanted) =>
      byCommand(
        'versioning',
        [versioningCommand(settings, wanted)],
        'it belongs to the account, and how it stands can only be seen by its administrator',
      ),
    lifecycle: async (names, rules) => planLifecycle(settings, names, rules),
    notifications: async (names, target) =>
      byCommand(
        'notifications',
        subscriptionCommands(settings, names, target),
        'subscriptions of Event Grid belong to the account, under its administrator',
      ),
    close: () => undefined,
  }
}

/** A container's SAS, or a role on data alone, reaches no settings of the service. */
async function orByCommand(
  settings: AzureSettings,
  names: RuleNames,
  rule: CorsRule,
  plan: () => Promise<SetupStep>,
): Promise<SetupStep> {
  try {
    return await plan()
  } catch (error) {
    if (!mayNotSee(settings, error)) throw error
    const command = corsCommand(settings, names.of('cors'), rule)
    const reason = 'these credentials may not see the settings of the blob service'
    return byCommand('cors', [command], reason)
  }
}

/** A SAS of a container is told at the service that it is not authentic: "not allowed for this resource level". */
function mayNotSee({ credential }: AzureSettings, error: unknown): boolean {
  if (isStorageError(error, 'denied')) return true
  return credential.kind === 'sas' && isStorageError(error, 'unauthenticated')
}

function planEncryption(
  settings: AzureSettings,
  wanted: 'provider' | { kmsKey: string },
): SetupStep {
  if (wanted === 'provider') return fit('encryption', 'Azure encrypts everything that it keeps')
  const command = keyCommand(settings, wanted.kmsKey)
  return command === undefined
    ? refused(
        'encryption',
        `The kmsKey of ${settings.name} is no key of Azure Key Vault; write it as https://VAULT.vault.azure.net/keys/NAME.`,
      )
    : byCommand('encryption', [command], 'keys belong to the account, under its administrator')
}

/** Blocks that nothing commits go by themselves. https://learn.microsoft.com/rest/api/storageservices/put-block */
const BLOCKS_LAST_DAYS = 7

function planLifecycle(
  settings: AzureSettings,
  names: RuleNames,
  rules: readonly LifecycleRule[],
): SetupStep[] {
  const aborts = rules.filter(({ action }) => action === 'abort-multipart')
  const others = rules.filter(({ action }) => action !== 'abort-multipart')
  const steps = aborts.map(({ afterDays }) =>
    afterDays >= BLOCKS_LAST_DAYS
      ? fit('lifecycle', `Azure drops unfinished uploads by itself after ${BLOCKS_LAST_DAYS} days`)
      : refused(
          'lifecycle',
          `Azure keeps the blocks of unfinished uploads for ${BLOCKS_LAST_DAYS} days, and nothing makes it ${afterDays}.`,
        ),
  )
  if (others.length === 0 && aborts.length > 0) return steps
  const commands = policyCommands(settings, names.of(''), others)
  const reason = 'the policy is the account’s; its other rules are read and written back'
  return [...steps, byCommand('lifecycle', commands, reason)]
}
