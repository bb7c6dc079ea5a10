// The token of whoever ran "az login" on this machine: for people, and only where there is a machine.
// https://learn.microsoft.com/cli/azure/account#az-account-get-access-token

import { runLocalCommand } from './local-machine.ts'
import { STORAGE_RESOURCE } from './token-request.ts'
import type { AccessToken, TokenFetcher } from './tokens.ts'

export const azureCli: TokenFetcher = async ({ platform }) => {
  if (!platform.fileSystem) return undefined
  const printed = await runLocalCommand(
    'az',
    ['account', 'get-access-token', '--output', 'json', '--resource', STORAGE_RESOURCE],
    platform.env,
  )
  return printed === undefined ? undefined : readPrinted(printed)
}

/** `expires_on` is seconds since the epoch; versions before 2.54 print only a local time. */
function readPrinted(printed: string): AccessToken | undefined {
  try {
    const { accessToken, expires_on, expiresOn } = JSON.parse(printed) as Record<string, unknown>
    const expiresAt =
      typeof expires_on === 'number' ? expires_on * 1000 : Date.parse(String(expiresOn))
    if (typeof accessToken !== 'string' || Number.isNaN(expiresAt)) return undefined
    return { token: accessToken, expiresAt }
  } catch {
    return undefined
  }
}
