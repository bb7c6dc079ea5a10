// The HTTP door as a Cloudflare Worker. Text variables are the environment, everything else a binding.

import type { Skein } from '#shared/app.ts'
import { createSkein } from '#shared/app.ts'
import { findConfig } from '#shared/config/find.ts'
import type { Platform } from '#shared/platform.ts'

type Environment = Readonly<Record<string, unknown>>

let skein: Promise<Skein> | undefined

export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    skein ??= open(environment)
    return (await skein).fetch(request)
  },
}

async function open(environment: Environment): Promise<Skein> {
  const entries = Object.entries(environment)
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  const platform: Platform = {
    env: Object.fromEntries(texts),
    bindings: Object.fromEntries(entries.filter(([, value]) => typeof value !== 'string')),
    fileSystem: false,
    now: Date.now,
    log: console.error,
  }
  return createSkein(await findConfig(platform), platform)
}
