// What the driver's files share: whose store it is, and the requests to it.

import type { Requests } from './requests.ts'
import { createRequests } from './requests.ts'
import type { AzureSettings } from './settings.ts'

export interface AzureClient {
  settings: AzureSettings
  requests: Requests
}

export function createAzureClient(settings: AzureSettings): AzureClient {
  return { settings, requests: createRequests(settings) }
}
