// How Azure, reading a copy's source by itself, is let in: with the token that is at hand, with the SAS
// that was given, or with one made for this copy.

import type { CopySource } from '../../contract.ts'
import { StorageError } from '../../errors.ts'
import { quoteKey } from '../../keys.ts'
import type { Authorization } from './authorization.ts'
import { encodeName, toBlobName } from './names.ts'
import { blobFields, sasQuery } from './sas.ts'
import type { AzureSettings } from './settings.ts'

/** The time that a copy may take. */
const COPY_MILLISECONDS = 24 * 3_600_000
/** The header that carries the URL takes no more. */
const MAX_URL_LENGTH = 2048

/** The headers that lead Azure to the source. */
export async function sourceHeaders(
  own: AzureSettings,
  from: Pick<CopySource, 'key' | 'version' | 'bucket'>,
): Promise<Record<string, string>> {
  const settings = { ...own, container: from.bucket ?? own.container }
  const name = toBlobName(from.key)
  const version = from.version === undefined ? '' : `versionid=${encodeURIComponent(from.version)}`
  const { query, headers } = await sourceQuery(settings, name, from.version)
  const queries = [version, query].filter((part) => part !== '').join('&')
  const url = `${settings.endpoint}/${settings.container}/${encodeName(name)}${queries && '?'}${queries}`
  if (url.length <= MAX_URL_LENGTH) return { 'x-ms-copy-source': url, ...headers }
  throw new StorageError(
    'unsupported',
    `${settings.name} cannot copy ${quoteKey(from.key)} by itself: its URL is longer than Azure reads sources from; copy it through this machine.`,
    { store: settings.name, key: from.key },
  )
}

/** Tags are read from the source as well, hence the `t`. */
async function sourceQuery(
  settings: AzureSettings,
  name: string,
  version: string | undefined,
): Promise<Authorization> {
  const { credential } = settings
  switch (credential.kind) {
    case 'sas':
      return { query: credential.sas.query, headers: {} }
    case 'key': {
      const until = settings.now() + COPY_MILLISECONDS
      const fields = blobFields(settings)({ name, version, permissions: 'rt', until })
      return { query: sasQuery('service', fields, credential.key), headers: {} }
    }
    default: {
      const { token } = await credential.token()
      return { query: '', headers: { 'x-ms-copy-source-authorization': `Bearer ${token}` } }
    }
  }
}
