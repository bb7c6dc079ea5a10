// What an administrator of an Azure account has to run, as lines for a POSIX shell with `az`.
// https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure

import type { CorsRule } from '../../cors-rule.ts'
import { markOf } from '../../cors-rule.ts'
import type { LifecycleRule } from '../../lifecycle-rule.ts'
import { shellLine } from '../../setup-step.ts'
import type { AzureSettings } from './settings.ts'

export function versioningCommand({ account }: AzureSettings, wanted: boolean): string {
  return shellLine(
    ...['az', 'storage', 'account', 'blob-service-properties', 'update'],
    ...['--account-name', account, '--enable-versioning', String(wanted)],
  )
}

export function corsCommand({ account }: AzureSettings, name: string, rule: CorsRule): string {
  return shellLine(
    ...['az', 'storage', 'cors', 'add', '--services', 'b', '--account-name', account],
    ...['--origins', ...rule.origins, '--methods', ...rule.methods],
    ...['--allowed-headers', ...rule.headers, markOf(name)],
    ...['--exposed-headers', ...rule.exposed, '--max-age', String(rule.maxAgeSeconds)],
  )
}

const VAULT_KEY = /^(https:\/\/[a-z0-9.-]+)\/keys\/([A-Za-z0-9-]+)(?:\/([0-9a-f]+))?$/

/** Undefined for what is no key of a vault. */
export function keyCommand({ account }: AzureSettings, kmsKey: string): string | undefined {
  const [, vault, name, version] = VAULT_KEY.exec(kmsKey) ?? []
  if (vault === undefined || name === undefined) return undefined
  return shellLine(
    ...['az', 'storage', 'account', 'update', '--name', account],
    ...['--encryption-key-source', 'Microsoft.Keyvault', '--encryption-key-vault', vault],
    ...['--encryption-key-name', name],
    ...(version === undefined ? [] : ['--encryption-key-version', version]),
  )
}

const POLICY_FILE = 'skein-policy.json'
const GROUP = '--resource-group "$group"'

/**
 * The account has one policy, which is only written whole: it is read, this store's rules in it are replaced,
 * and it is written if, and only if, the reading went well. An account without a policy answers the
 * reading with an error; for that one the last line stands by, as a comment.
 */
export function policyCommands(
  { account, container }: AzureSettings,
  ownPrefix: string,
  rules: readonly LifecycleRule[],
): string[] {
  const own = JSON.stringify(rules.map((rule) => policyRule(container, rule)))
  const others = `policy.rules[?!starts_with(name, \`${JSON.stringify(ownPrefix)}\`)]`
  const query = `{rules: [${others}, \`${own.replaceAll('`', '\\`')}\`][]}`
  const policy = ['az', 'storage', 'account', 'management-policy']
  const of = ['--account-name', account]
  const show = shellLine(...policy, 'show', ...of, '--query', query, '--output', 'json')
  const create = shellLine(...policy, 'create', ...of, '--policy')
  const ask = shellLine('az', 'storage', 'account', 'show', '--name', account)
  return [
    `group="$(${ask} --query resourceGroup --output tsv)"`,
    `${show} ${GROUP} > ${POLICY_FILE} && ${create} @${POLICY_FILE} ${GROUP}`,
    ...(rules.length === 0
      ? []
      : [
          '# Only if that says ManagementPolicyNotFound, because the account has no policy yet:',
          `# ${create} ${shellLine(`{"rules":${own}}`)} ${GROUP}`,
        ]),
  ]
}

function policyRule(container: string, rule: LifecycleRule): object {
  // With the slash, or containers whose names begin alike are meant too.
  const prefixMatch = [`${container}/${rule.prefix}`]
  return {
    enabled: true,
    name: rule.name,
    type: 'Lifecycle',
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch },
      actions: actionsOf(rule),
    },
  }
}

function actionsOf({ action, afterDays, storageClass }: LifecycleRule): object {
  const unchanged = { daysAfterModificationGreaterThan: afterDays }
  if (action === 'transition') return { baseBlob: { [`tierTo${storageClass}`]: unchanged } }
  if (action === 'expire') return { baseBlob: { delete: unchanged } }
  return { version: { delete: { daysAfterCreationGreaterThan: afterDays } } }
}
