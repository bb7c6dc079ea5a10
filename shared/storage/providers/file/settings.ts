// A folder as a store: which one, and with what its URLs are signed. Pure: looks at no disk.

import type { Capabilities } from '../../capabilities.ts'
import { StorageError } from '../../errors.ts'
import type { Opening } from '../../opening.ts'

export interface FileSettings {
  name: string
  /** As the URI says it: absolute, or from where the process works. */
  folder: string
  capabilities: Capabilities
  /** Where the server that honours signed URLs is; no slash at its end. */
  publicUrl: string
  /** Absent: the store works, but signs nothing. */
  signingSecret: string | undefined
  /** Milliseconds since the epoch. */
  now(): number
}

const DEFAULT_PUBLIC_URL = 'http://127.0.0.1:8787'

export function fileSettings(opening: Opening): FileSettings {
  const { address, name, capabilities, options, platform } = opening
  if (!platform.fileSystem) {
    const message = `The store "${name}" is a folder, and folders do not outlive a call here; use a cloud's bucket, or run the local server.`
    throw new StorageError('unsupported', message, { store: name })
  }
  const publicUrl = options.credentials?.publicUrl ?? platform.env['SKEIN_PUBLIC_URL']
  const secret = options.credentials?.signingSecret ?? platform.env['SKEIN_SIGNING_SECRET']
  return {
    name,
    folder: address.bucket,
    capabilities,
    publicUrl: checkPublicUrl(publicUrl || DEFAULT_PUBLIC_URL, name),
    signingSecret: secret || undefined,
    now: () => platform.now(),
  }
}

function checkPublicUrl(address: string, store: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const plain = url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
  if (!plain || url.username !== '') {
    const message = `The public URL of the store "${store}" is not an http or https address such as ${DEFAULT_PUBLIC_URL}; set SKEIN_PUBLIC_URL.`
    throw new StorageError('invalid', message, { store })
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** The secret, or the error that says what to set. */
export function requireSecret({ signingSecret, name }: FileSettings): string {
  if (signingSecret !== undefined) return signingSecret
  const message = `The store "${name}" has no secret to sign URLs with; set SKEIN_SIGNING_SECRET, or signingSecret among its credentials.`
  throw new StorageError('unauthenticated', message, { store: name })
}
