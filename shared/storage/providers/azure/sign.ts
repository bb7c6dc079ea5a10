// Signed URLs for Azure Blob Storage. Three kinds of credentials sign: the account's key, a user
// delegation key behind a token, or a SAS that was given and can only be passed on. No SDK, and no request
// but for a token or a delegation key. A SAS holds its bearer to a blob, an action and an end, never to
// headers: `create` is held by the permission to create without the one to write.

import type { KeyObject } from 'node:crypto'
import type { CredentialSource, Signer } from '../../signer.ts'
import { StorageError } from '../../errors.ts'
import { delegationKeys } from './delegation-key.ts'
import type { GivenSas } from './given-sas.ts'
import { encodeName, toBlobName } from './names.ts'
import type { Plan } from './request-plan.ts'
import { cannot, planRequest } from './request-plan.ts'
import type { SasFields } from './sas.ts'
import { blobFields, sasQuery } from './sas.ts'
import type { AzureSettings } from './settings.ts'
import type { AccessToken } from './tokens.ts'

interface Seal {
  query: string
  /** Milliseconds since the epoch. */
  expiresAt: number
  expiresAtMost: boolean
}

/** Puts a plan for a blob under a signature that ends at the latest at `until`. */
type Sealer = (plan: Plan, blobName: string, until: number, key: string) => Seal | Promise<Seal>

export function createAzureSigner(settings: AzureSettings): Signer {
  const seal = sealer(settings)
  const base = `${settings.endpoint}/${settings.container}/`
  return {
    async presign(request) {
      const plan = planRequest(request, settings)
      const name = toBlobName(request.key)
      const until = settings.now() + request.expiresInSeconds * 1000
      const sealed = seal(plan, name, until, request.key)
      const { query, expiresAt, expiresAtMost } = sealed instanceof Promise ? await sealed : sealed
      return {
        method: plan.method,
        url: `${base}${encodeName(name)}?${plan.query}${query}`,
        headers: plan.headers,
        expiresAt: new Date(expiresAt),
        expiresAtMost,
        enforced: plan.enforced,
      }
    },
  }
}

function sealer(settings: AzureSettings): Sealer {
  const { credential } = settings
  switch (credential.kind) {
    case 'key':
      return keySealer(settings, credential.key)
    case 'token':
      return delegationSealer(settings, credential.token)
    default:
      return givenSealer(settings, credential.sas)
  }
}

function keySealer(settings: AzureSettings, key: KeyObject): Sealer {
  const fieldsOf = fieldMaker(settings)
  return (plan, name, until) => ({
    query: sasQuery('service', fieldsOf(plan, name, until), key),
    expiresAt: wholeSeconds(until),
    expiresAtMost: false,
  })
}

function delegationSealer(settings: AzureSettings, token: CredentialSource<AccessToken>): Sealer {
  const keyFor = delegationKeys(settings, token)
  const fieldsOf = fieldMaker(settings)
  return async (plan, name, until) => {
    const delegation = await keyFor(until)
    const expiresAt = Math.min(until, delegation.expiresAt)
    const fields = { ...fieldsOf(plan, name, expiresAt), ...delegation.fields }
    return {
      query: sasQuery('delegation', fields, delegation.key),
      expiresAt: wholeSeconds(expiresAt),
      expiresAtMost: false,
    }
  }
}

function fieldMaker(settings: AzureSettings) {
  const fieldsOf = blobFields(settings)
  return ({ permissions, version, overrides }: Plan, name: string, until: number): SasFields => ({
    ...fieldsOf({ name, version, permissions, until }),
    ...overrides,
  })
}

function wholeSeconds(milliseconds: number): number {
  return milliseconds - (milliseconds % 1000)
}

/** Passes the SAS on: its end is the URL's end, whatever was asked for, and nothing can be added to it. */
function givenSealer(settings: AzureSettings, sas: GivenSas): Sealer {
  return (plan, _name, until, key) => {
    checkGiven(settings, sas, plan, key)
    return {
      query: sas.query,
      expiresAt: sas.expiresAt ?? until,
      expiresAtMost: sas.expiresAt === undefined,
    }
  }
}

function checkGiven(settings: AzureSettings, sas: GivenSas, plan: Plan, key: string): void {
  const { name: store } = settings
  if (sas.expiresAt !== undefined && sas.expiresAt <= settings.now()) {
    throw new StorageError(
      'unauthenticated',
      `The SAS token of ${store} has ended; make a new one.`,
      {
        store,
        key,
      },
    )
  }
  if (plan.overrides)
    throw cannot(settings, key, 'override response headers with a SAS token that was given')
  if (plan.enforced.length > 0) {
    throw cannot(settings, key, 'hold an upload to creating with a SAS token that was given')
  }
  const missing = plan.permissions.split('').filter((letter) => !allows(sas, letter))
  if (missing.length > 0) {
    throw new StorageError(
      'denied',
      `The SAS token of ${store} does not allow this: its sp lacks "${missing.join('')}"; make one that has it.`,
      { store, key },
    )
  }
}

/** The permission to write includes the one to create. */
function allows({ permissions }: GivenSas, letter: string): boolean {
  if (permissions === undefined) return true
  return permissions.includes(letter) || (letter === 'c' && permissions.includes('w'))
}
