// The key that a token's holder gets from Azure to sign with in place of the account's: a user delegation
// key. It lives for seven days at most, and what it signed ends with it, whatever the token does.
// https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key

import { Buffer } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { createSecretKey } from 'node:crypto'
import { StorageError } from '../../errors.ts'
import type { CredentialSource } from '../../signer.ts'
import type { SasFields } from './sas.ts'
import { SAS_VERSION, sasTime } from './sas.ts'
import type { AzureSettings } from './settings.ts'
import type { AccessToken } from './tokens.ts'

export interface DelegationKey {
  key: KeyObject
  /** What each signature made with it says about it. */
  fields: SasFields
  fetchedAt: number
  expiresAt: number
}

const WEEK_MILLISECONDS = 7 * 86_400_000
const SKEW_MILLISECONDS = 5 * 60_000
/** A key is not fetched anew for a longer URL more often than this; the URL ends a little sooner instead. */
const RENEWAL_MILLISECONDS = 60 * 60_000

export type DelegationKeySource = (neededUntil: number) => DelegationKey | Promise<DelegationKey>

/** Gives the kept key at once while it outlives what is to be signed; one request at a time. */
export function delegationKeys(
  settings: AzureSettings,
  token: CredentialSource<AccessToken>,
): DelegationKeySource {
  let kept: DelegationKey | undefined
  let fetching: Promise<DelegationKey> | undefined

  async function renew(): Promise<DelegationKey> {
    try {
      kept = await fetchKey(settings, await token())
      return kept
    } finally {
      fetching = undefined
    }
  }

  return (neededUntil) => {
    const now = settings.now()
    const recent = kept !== undefined && now - kept.fetchedAt < RENEWAL_MILLISECONDS
    if (kept && (kept.expiresAt >= neededUntil || recent)) return kept
    fetching ??= renew()
    return fetching
  }
}

async function fetchKey(settings: AzureSettings, token: AccessToken): Promise<DelegationKey> {
  const now = settings.now()
  const start = sasTime(now - SKEW_MILLISECONDS)
  const end = sasTime(now + WEEK_MILLISECONDS - SKEW_MILLISECONDS)
  const { status, text } = await send(
    settings,
    token,
    `<KeyInfo><Start>${start}</Start><Expiry>${end}</Expiry></KeyInfo>`,
  )
  if (status !== 200) throw refusal(settings, status)
  return readKey(settings, text, now)
}

async function send(
  settings: AzureSettings,
  { token }: AccessToken,
  body: string,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(`${settings.endpoint}/?restype=service&comp=userdelegationkey`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'x-ms-version': SAS_VERSION },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, text: await response.text() }
  } catch (cause) {
    throw new StorageError(
      'unavailable',
      `${settings.name} did not answer the request for a key to sign with; check that ${settings.endpoint} can be reached.`,
      { store: settings.name, cause },
    )
  }
}

function readKey(settings: AzureSettings, xml: string, fetchedAt: number): DelegationKey {
  const value = element(xml, 'Value')
  const ske = element(xml, 'SignedExpiry')
  if (value === undefined || ske === undefined) {
    throw new StorageError(
      'internal',
      `${settings.name} answered the request for a key to sign with by something else; check its endpoint ${settings.endpoint}.`,
      { store: settings.name },
    )
  }
  return {
    key: createSecretKey(Buffer.from(value, 'base64')),
    fields: {
      skoid: element(xml, 'SignedOid'),
      sktid: element(xml, 'SignedTid'),
      skt: element(xml, 'SignedStart'),
      ske,
      sks: element(xml, 'SignedService'),
      skv: element(xml, 'SignedVersion'),
    },
    fetchedAt,
    expiresAt: Date.parse(ske),
  }
}

/** Ids, times and base64: nothing that XML would escape. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<&]*)</${name}>`).exec(xml)?.[1]
}

function refusal(settings: AzureSettings, status: number): StorageError {
  const details = { store: settings.name, status }
  if (status === 429 || status >= 500) {
    return new StorageError(
      'unavailable',
      `${settings.name} answered ${status} to the request for a key to sign with; try again later.`,
      details,
    )
  }
  if (status === 403) {
    return new StorageError(
      'denied',
      `The identity that ${settings.name} is opened with may not sign URLs: give it the role "Storage Blob Delegator" on the account "${settings.account}".`,
      details,
    )
  }
  return new StorageError(
    'unauthenticated',
    `${settings.name} does not accept the token it was sent (${status}); check the tenant and the identity.`,
    details,
  )
}
