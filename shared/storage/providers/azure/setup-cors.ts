// The CORS rules of an account's blob service: five at most for all of its containers, and without names, so
// ours carries its own among its headers.
// https://learn.microsoft.com/rest/api/storageservices/cross-origin-resource-sharing--cors--support-for-the-azure-storage-services

import type { CorsRule as AzureRule } from '@azure/storage-blob'
import type { CorsBook, CorsRule } from '../../cors-rule.ts'
import { CONTENT_HEADERS, describeCors, markOf, readMark, withoutMark } from '../../cors-rule.ts'
import type { Ask } from '../../setup-step.ts'
import type { AzureSettings } from './settings.ts'
import { callService, createServiceClient } from './setup-client.ts'

export const ASKED_HEADERS: readonly string[] = [...CONTENT_HEADERS, 'x-ms-*']

/** Here the service itself knows the wildcard, and names what it stands for. */
export const EXPOSED_HEADERS: readonly string[] = [
  ...['ETag', 'Content-MD5', 'Content-Range', 'Accept-Ranges', 'Content-Encoding'],
  ...['Content-Disposition', 'x-ms-*'],
]

const MAX_RULES = 5

export function corsBook(settings: AzureSettings, ask: Ask): CorsBook<AzureRule, undefined> {
  const service = createServiceClient(settings)
  return {
    store: settings.name,
    maxRules: MAX_RULES,
    async read() {
      const { cors = [] } = await ask('Get Blob Service Properties', (signal) =>
        callService(settings, signal, () => service.getProperties({ abortSignal: signal })),
      )
      const value = cors.map((rule) => ({ name: readMark(list(rule.allowedHeaders)), rule }))
      return { value, tag: undefined }
    },
    /** Settings that are not named stay as they are. */
    async write(next) {
      const cors = next.map(({ rule }) => rule)
      await ask('Set Blob Service Properties', (signal) =>
        callService(settings, signal, () =>
          service.setProperties({ cors }, { abortSignal: signal }),
        ),
      )
    },
    decode,
    encode: (rule, name) => ({
      allowedOrigins: rule.origins.join(','),
      allowedMethods: rule.methods.join(','),
      allowedHeaders: [...rule.headers, markOf(name)].join(','),
      exposedHeaders: rule.exposed.join(','),
      maxAgeInSeconds: rule.maxAgeSeconds,
    }),
    describe: (rule) => describeCors(decode(rule)),
  }
}

function decode(rule: AzureRule): CorsRule {
  return {
    origins: list(rule.allowedOrigins),
    methods: list(rule.allowedMethods),
    headers: withoutMark(list(rule.allowedHeaders)),
    exposed: list(rule.exposedHeaders),
    maxAgeSeconds: rule.maxAgeInSeconds,
  }
}

/** The SDK's type promises a text, where an empty element gives none. */
function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
