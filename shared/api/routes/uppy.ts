// An endpoint for Uppy: a URL that carries its own credential, for as long as a page needs it.

import { StorageError } from '#shared/storage/errors.ts'
import { quoteKey } from '#shared/storage/keys.ts'
import { uppyRequest } from '../requests.ts'
import { NO_QUERY, route } from '../route.ts'
import { baseOf, patternsOf, sealPass } from '../uppy-access.ts'

const HOUR_SECONDS = 3600

export const mintUppyEndpoint = route({
  method: 'post',
  path: '/uppy',
  scopes: ['upload'],
  summary: 'A URL to give to Uppy as its companion',
  query: NO_QUERY,
  body: uppyRequest,
  answer: { status: 200, body: 'UppyEndpoint' },
  refusals: ['denied'],
  handle({ suite, platform, workspace: { name }, who, request, body }) {
    const { expiresInSeconds = HOUR_SECONDS, prefix = who.prefix } = body
    if (!prefix.startsWith(who.prefix)) {
      const message = `The prefix has to begin with ${quoteKey(who.prefix)}, as all keys of ${who.name}.`
      throw new StorageError('denied', message)
    }
    const expires = Math.floor(platform.now() / 1000) + expiresInSeconds
    const patterns = patternsOf(suite, name)
    const pass = { workspace: name, who: { ...who, prefix }, patterns, expires }
    return {
      endpoint: `${baseOf(suite, request, name)}/uppy/${sealPass(suite.seal, pass)}`,
      expiresAt: new Date(expires * 1000).toISOString(),
    }
  },
})
