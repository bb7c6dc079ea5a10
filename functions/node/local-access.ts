// The local token: what lets in whoever sits at this machine, without anybody having configured a thing. It
// counts only while the server listens to this machine alone.

import type { Config } from '#shared/config/config.ts'
import { SCOPES } from '#shared/access/principal.ts'
import { hashToken, mintToken } from '#shared/access/tokens.ts'
import { keptSecret } from './platform.ts'

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/

/** The token is undefined where others can reach the server: there the configuration alone says who is let in. */
export function withLocalToken(config: Config): { config: Config; token: string | undefined } {
  if (!LOOPBACK.test(config.server.host)) return { config, token: undefined }
  const token = keptSecret('local-token', () => mintToken().token)
  const local = {
    name: 'local',
    hash: hashToken(token),
    workspaces: 'all',
    scopes: SCOPES,
    prefix: '',
    expiresAt: undefined,
  } as const
  const access = { ...config.access, tokens: [...config.access.tokens, local] }
  return { config: { ...config, access }, token }
}
