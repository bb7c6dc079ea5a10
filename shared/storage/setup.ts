// Making a bucket fit for what the configuration asks: CORS, encryption, versioning, lifecycle, and telling of
// changes. Planning reads and changes nothing; each step that has something to change carries it out only when told to. What
// the provider cannot do is refused before a request is made. A plan after a carried out plan is all `fit`.

import type { Platform } from '#shared/platform.ts'
import type { ProviderRow, Wire } from './compatibility.ts'
import type { CorsWish } from './cors-rule.ts'
import { corsWish } from './cors-rule.ts'
import { StorageError } from './errors.ts'
import type { LifecycleRule } from './lifecycle-rule.ts'
import { lifecycleRules, sayRule } from './lifecycle-rule.ts'
import { createOpening } from './open.ts'
import { tellingCommands } from './notification-commands.ts'
import type { NotificationTarget } from './notification-target.ts'
import { targetOf, targetProblem } from './notification-target.ts'
import type { Opening } from './opening.ts'
import type { StoreOptions } from './options.ts'
import { azureSettings } from './providers/azure/settings.ts'
import { gcsSettings } from './providers/gcs/settings.ts'
import { s3Settings } from './providers/s3/settings.ts'
import type { Setup } from './schema.ts'
import { createAsk } from './setup-ask.ts'
import type { RuleNames } from './setup-names.ts'
import { ruleNames } from './setup-names.ts'
import type { Ask, SetupPart, SetupStep } from './setup-step.ts'
import { byCommand, fit, refused } from './setup-step.ts'

export interface SetupDriver {
  /** True where what the capability record lacks is answered with an administrator's commands, not refused. */
  readonly printsTheRest: boolean
  /** What tells this store from others whose rules are kept in the same document; empty where there are none. */
  readonly place: string
  cors(names: RuleNames, wish: CorsWish): Promise<SetupStep>
  encryption(wanted: NonNullable<Setup['encryption']>): Promise<SetupStep>
  /** Switches on and never off: what protects objects is only taken away by hand. */
  versioning(wanted: boolean): Promise<SetupStep>
  lifecycle(names: RuleNames, rules: readonly LifecycleRule[]): Promise<SetupStep[]>
  notifications(names: RuleNames, target: NotificationTarget): Promise<SetupStep>
  close(): void
}

const DRIVERS: Partial<Record<Wire, (opening: Opening, ask: Ask) => Promise<SetupDriver>>> = {
  async s3(opening, ask) {
    const { createS3Setup } = await import('./providers/s3/setup.ts')
    return createS3Setup(s3Settings(opening), opening.address.prefix, ask)
  },
  async gcs(opening, ask) {
    const { createGcsSetup } = await import('./providers/gcs/setup.ts')
    return createGcsSetup(gcsSettings(opening), ask)
  },
  async azure(opening, ask) {
    const { createAzureSetup } = await import('./providers/azure/setup.ts')
    return createAzureSetup(azureSettings(opening), opening.address.prefix, ask)
  },
}

export interface StoreSetup {
  /** A step, or several, for each part that is wanted; a part that is not is left alone. */
  plan(wanted: Setup): Promise<SetupStep[]>
  close(): Promise<void>
}

export function openSetup(
  uri: string,
  platform: Platform,
  options: StoreOptions = {},
  { signal, rows }: { signal?: AbortSignal; rows?: readonly ProviderRow[] } = {},
): StoreSetup {
  const opening = createOpening(uri, platform, options, rows)
  let driver: Promise<SetupDriver> | undefined
  return {
    plan: (wanted) => {
      driver ??= DRIVERS[opening.address.row.wire]?.(opening, createAsk(opening, signal))
      return planSetup(opening, driver, wanted)
    },
    // A driver that could not be opened has been told of by `plan`.
    close: async () => (await driver?.catch(() => undefined))?.close(),
  }
}

async function planSetup(
  opening: Opening,
  opened: Promise<SetupDriver> | undefined,
  wanted: Setup,
): Promise<SetupStep[]> {
  const driver = await opened
  const names = ruleNames(driver?.place ?? '', opening.address.prefix)
  const rules = wanted.lifecycle && lifecycleRules(wanted.lifecycle, names, opening.name)
  return [
    ...(wanted.cors ? await planBrowsers(opening, driver, names, wanted.cors) : []),
    ...(wanted.encryption ? await planEncryption(opening, driver, wanted.encryption) : []),
    ...(wanted.versioning === undefined
      ? []
      : await planVersioning(opening, driver, wanted.versioning)),
    ...(rules ? await planRules(opening, driver, names, rules) : []),
    ...(wanted.notifications
      ? await planTelling(opening, driver, names, wanted.notifications)
      : []),
  ]
}

function planBrowsers(
  { capabilities, address }: Opening,
  driver: SetupDriver | undefined,
  names: RuleNames,
  wanted: NonNullable<Setup['cors']>,
): Promise<SetupStep[]> {
  const able = driver && capabilities.setup.cors
  return orRefused('cors', async () =>
    able
      ? [await driver.cors(names, corsWish(wanted, capabilities))]
      : [unable('cors', address.row, 'set CORS for a bucket')],
  )
}

function planEncryption(
  { capabilities, address }: Opening,
  driver: SetupDriver | undefined,
  wanted: NonNullable<Setup['encryption']>,
): Promise<SetupStep[]> {
  const { encryption } = capabilities.setup
  const able = driver && (encryption === true || driver.printsTheRest)
  return orRefused('encryption', async () => {
    if (encryption === 'always' && wanted === 'provider') return [fit('encryption')]
    return able
      ? [await driver.encryption(wanted)]
      : [unable('encryption', address.row, 'set the encryption of a bucket')]
  })
}

/** Where versions are kept and yet cannot be set, they may be there always, so it is asked. */
function planVersioning(
  { capabilities, address }: Opening,
  driver: SetupDriver | undefined,
  wanted: boolean,
): Promise<SetupStep[]> {
  const { versions, setup } = capabilities
  const refusal = refused(
    'versioning',
    `${address.row.title} has no versioning that Skein can switch and rely on.`,
  )
  return orRefused('versioning', async () => {
    if (driver === undefined || !(versions || setup.versioning)) {
      return [wanted ? refusal : fit('versioning')]
    }
    const step = await driver.versioning(wanted)
    const able = setup.versioning || driver.printsTheRest || step.state === 'fit'
    return [able ? step : refusal]
  })
}

function planRules(
  { name, capabilities, address }: Opening,
  driver: SetupDriver | undefined,
  names: RuleNames,
  rules: readonly LifecycleRule[],
): Promise<SetupStep[]> {
  const { setup, classes } = capabilities
  return orRefused('lifecycle', async () => {
    const refusals: SetupStep[] = []
    const able = rules.filter((rule) => {
      const { action, storageClass } = rule
      if (!driver || !(setup.lifecycle.includes(action) || driver.printsTheRest)) {
        refusals.push(unable('lifecycle', address.row, `have a rule that ${sayRule(rule)}`))
      } else if (storageClass !== undefined && !classes.includes(storageClass)) {
        refusals.push(refused('lifecycle', noSuchClass(name, storageClass, classes)))
      } else return true
      return false
    })
    if (!driver || (setup.lifecycle.length === 0 && !driver.printsTheRest)) return refusals
    if (able.length === 0 && rules.length > 0) return refusals
    return [...refusals, ...(await driver.lifecycle(names, able))]
  })
}

function planTelling(
  { name, address }: Opening,
  driver: SetupDriver | undefined,
  names: RuleNames,
  wanted: NonNullable<Setup['notifications']>,
): Promise<SetupStep[]> {
  const target = targetOf(wanted)
  const refusal = targetProblem(name, address.row, target)
  return orRefused('notifications', async () => {
    if (refusal !== undefined) return [refused('notifications', refusal)]
    const commands = tellingCommands(address, names, target)
    if (commands) {
      const reason = `only its own tool can tell ${address.row.title} to`
      return [byCommand('notifications', commands, reason)]
    }
    return driver ? [await driver.notifications(names, target)] : []
  })
}

function unable(what: SetupPart, row: ProviderRow, doing: string): SetupStep {
  return refused(what, `${row.title} cannot ${doing}.`)
}

function noSuchClass(store: string, storageClass: string, classes: readonly string[]): string {
  const known = classes.length > 0 ? `it has ${classes.join(', ')}` : 'it has only one'
  return `${store} has no class "${storageClass}": ${known}.`
}

/** What the credentials or the provider refuse of one part says nothing of the others. */
async function orRefused(what: SetupPart, plan: () => Promise<SetupStep[]>): Promise<SetupStep[]> {
  try {
    return await plan()
  } catch (error) {
    const only =
      error instanceof StorageError && (error.kind === 'denied' || error.kind === 'unsupported')
    if (!only) throw error
    return [refused(what, error.message)]
  }
}
