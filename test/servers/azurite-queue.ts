// Azurite's queue service on a free port: it checks shared keys.

import { startAzuriteService } from './azurite.ts'

export interface AzuriteQueue {
  /** Ends in the account's name. */
  url: string
  stop: () => Promise<void>
}

export async function startAzuriteQueue(account: string): Promise<AzuriteQueue> {
  const { url, stop } = await startAzuriteService('queue')
  return { url: `${url}/${account}`, stop }
}
