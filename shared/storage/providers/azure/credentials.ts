// Which credentials an Azure store works with. What its own options say comes first, then what the
// environment says about its account, and last the chain of Microsoft Entra tokens. The environment may
// hold another account's keys, so what names another account is passed over there and a fault in options.

import type { KeyObject } from 'node:crypto'
import { createSecretKey } from 'node:crypto'
import { Buffer } from 'node:buffer'
import { StorageError } from '../../errors.ts'
import type { Opening } from '../../opening.ts'
import type { CredentialSource } from '../../signer.ts'
import type { ConnectionString } from './connection-string.ts'
import { parseConnectionString } from './connection-string.ts'
import type { GivenSas } from './given-sas.ts'
import { parseGivenSas } from './given-sas.ts'
import type { AccessToken } from './tokens.ts'
import { tokenSource } from './tokens.ts'

export type AzureCredential =
  | { kind: 'key'; key: KeyObject; accountKey: string }
  | { kind: 'sas'; sas: GivenSas }
  | { kind: 'token'; token: CredentialSource<AccessToken> }

export interface FoundCredential {
  credential: AzureCredential
  /** A connection string's, which wins over the provider's own, and not over the URI's. */
  blobEndpoint?: string | undefined
}

export function findCredential(opening: Opening, account: string): FoundCredential {
  return (
    fromOptions(opening, account) ??
    fromEnvironment(opening, account) ?? {
      credential: { kind: 'token', token: tokenSource(opening.platform, opening.name) },
    }
  )
}

function fromOptions(opening: Opening, account: string): FoundCredential | undefined {
  const { connectionString, accountKey, sasToken } = opening.options.credentials ?? {}
  const given = [connectionString, accountKey, sasToken].filter((value) => value !== undefined)
  if (given.length > 1) {
    throw fault(
      'invalid',
      opening.name,
      'is given several credentials; keep one of connectionString, accountKey and sasToken',
    )
  }
  if (connectionString !== undefined) {
    const parsed = readConnectionString(opening.name, connectionString)
    if (!isOf(parsed, account)) {
      throw fault(
        'invalid',
        opening.name,
        `is given a connection string of another account than "${account}"`,
      )
    }
    return fromConnectionString(opening.name, parsed)
  }
  return fromKeyOrSas(opening.name, accountKey, sasToken)
}

function fromEnvironment(
  { platform: { env }, name }: Opening,
  account: string,
): FoundCredential | undefined {
  const connectionString = env['AZURE_STORAGE_CONNECTION_STRING']
  if (connectionString) {
    const parsed = readConnectionString(name, connectionString)
    if (isOf(parsed, account)) return fromConnectionString(name, parsed)
  }
  if ((env['AZURE_STORAGE_ACCOUNT'] || account) !== account) return undefined
  return fromKeyOrSas(
    name,
    env['AZURE_STORAGE_KEY'] || undefined,
    env['AZURE_STORAGE_SAS_TOKEN'] || undefined,
  )
}

function fromKeyOrSas(
  store: string,
  accountKey: string | undefined,
  sasToken: string | undefined,
): FoundCredential | undefined {
  if (accountKey !== undefined) return { credential: keyCredential(store, accountKey) }
  if (sasToken !== undefined)
    return { credential: { kind: 'sas', sas: parseGivenSas(sasToken, store) } }
  return undefined
}

function readConnectionString(store: string, text: string): ConnectionString {
  const parsed = parseConnectionString(text)
  if (parsed) return parsed
  throw fault(
    'unauthenticated',
    store,
    'has a connection string that cannot be read; copy it again from "Access keys" in the Azure portal',
  )
}

/** A string with a SAS may leave out the account's name; its endpoint still tells. */
function isOf(connection: ConnectionString, account: string): boolean {
  if (connection.account !== undefined) return connection.account === account
  const { hostname, pathname } = new URL(connection.blobEndpoint ?? 'https://unknown')
  return hostname.startsWith(`${account}.`) || pathname === `/${account}`
}

function fromConnectionString(store: string, connection: ConnectionString): FoundCredential {
  const found = fromKeyOrSas(store, connection.accountKey, connection.sasToken)
  if (!found)
    throw fault('unauthenticated', store, 'has a connection string without a key or a SAS')
  return { ...found, blobEndpoint: connection.blobEndpoint }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function keyCredential(store: string, accountKey: string): AzureCredential {
  const text = accountKey.trim()
  if (!BASE64.test(text)) {
    throw fault(
      'unauthenticated',
      store,
      'has an account key that is not base64; copy it again from "Access keys" in the Azure portal',
    )
  }
  return { kind: 'key', key: createSecretKey(Buffer.from(text, 'base64')), accountKey: text }
}

function fault(kind: 'invalid' | 'unauthenticated', store: string, what: string): StorageError {
  return new StorageError(kind, `The store "${store}" ${what}.`, { store })
}
