/**
 * A Cloud Storage that lives in memory, strict enough to stand in for the real one in tests:
 * what Cloud Storage refuses, it refuses, with the same status and error shape. It shares no
 * code with the signers and drivers that it checks.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { handleRequest } from './connection.ts'
import type { Account, HmacKey, State } from './state.ts'
import { keyIdOf } from './tokens.ts'

export interface GcsServerOptions {
  readonly host?: string
  readonly port?: number
  readonly serviceAccounts?: readonly ServiceAccountOption[]
  readonly hmacKeys?: readonly HmacKey[]
  readonly projectId?: string
  readonly now?: () => number
}

export type ServiceAccountOption = { readonly clientEmail: string } & (
  | { readonly privateKeyPem: string }
  | { readonly publicKeyPem: string }
)

/** The contents of a service account's key file. */
export interface ServiceAccountKey {
  readonly type: 'service_account'
  readonly project_id: string
  readonly private_key_id: string
  readonly private_key: string
  readonly client_email: string
  readonly client_id: string
  readonly token_uri: string
}

/** The contents of a user's application default credentials. */
export interface AuthorizedUser {
  readonly type: 'authorized_user'
  readonly client_id: string
  readonly client_secret: string
  readonly refresh_token: string
}

export interface GcsServer {
  readonly url: string
  readonly port: number
  /** Of the first account that has a private key; one is generated where none is given. */
  readonly serviceAccount: ServiceAccountKey
  readonly hmac: HmacKey
  readonly authorizedUser: AuthorizedUser
  close(): Promise<void>
}

export async function startGcsServer(options: GcsServerOptions = {}): Promise<GcsServer> {
  const host = options.host ?? '127.0.0.1'
  const { state, signer, hmac } = makeState(options)
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void handleRequest(state, request, response)
  })
  server.requestTimeout = 0
  // A client that reuses a connection must not meet its end: tests would fail by chance.
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, host, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://${host}:${port}`
  return {
    url,
    port,
    serviceAccount: keyFile(state, signer, url),
    hmac,
    authorizedUser: makeUser(state),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}

function makeState(options: GcsServerOptions) {
  const projectId = options.projectId ?? 'test-project'
  const given = (options.serviceAccounts ?? []).map(readAccount)
  const able = given.find((account) => account.privateKey !== undefined)
  const signer = able ?? generateAccount(projectId)
  const accounts = able ? given : [...given, signer]
  const hmacKeys = options.hmacKeys ?? [generateHmac()]
  const [hmac = generateHmac()] = hmacKeys
  const state: State = {
    projectId,
    now: options.now ?? Date.now,
    accounts: new Map(accounts.map((account) => [account.clientEmail, account])),
    defaultAccount: signer.clientEmail,
    hmacKeys: new Map([hmac, ...hmacKeys].map((key) => [key.accessId, key])),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    buckets: new Map(),
    sessions: new Map(),
    multiparts: new Map(),
    rewrites: new Map(),
    lastUpdateMs: new Map(),
    faults: [],
    log: [],
    lastGeneration: 0,
  }
  return { state, signer, hmac }
}

function readAccount(option: ServiceAccountOption): Account {
  const { clientEmail } = option
  if ('publicKeyPem' in option)
    return { clientEmail, publicKey: createPublicKey(option.publicKeyPem) }
  const privateKey = createPrivateKey(option.privateKeyPem)
  return { clientEmail, privateKey, publicKey: createPublicKey(option.privateKeyPem) }
}

function generateAccount(projectId: string): Account {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const clientEmail = `test-account@${projectId}.iam.gserviceaccount.com`
  return { clientEmail, privateKey, publicKey }
}

/** Cloud Storage's access ids of service accounts have 61 characters, its secrets 40. */
function generateHmac(): HmacKey {
  const accessId = `GOOG1E${randomBytes(40).toString('hex').toUpperCase().slice(0, 55)}`
  return { accessId, secret: randomBytes(30).toString('base64') }
}

function keyFile(state: State, account: Account, url: string): ServiceAccountKey {
  const pem = account.privateKey?.export({ type: 'pkcs8', format: 'pem' })
  return {
    type: 'service_account',
    project_id: state.projectId,
    private_key_id: keyIdOf(account),
    private_key: String(pem ?? ''),
    client_email: account.clientEmail,
    client_id: '100000000000000000000',
    token_uri: `${url}/token`,
  }
}

function makeUser(state: State): AuthorizedUser {
  const user = {
    type: 'authorized_user' as const,
    client_id: `${randomBytes(8).toString('hex')}.apps.googleusercontent.com`,
    client_secret: randomBytes(16).toString('base64url'),
    refresh_token: `1//${randomBytes(24).toString('base64url')}`,
  }
  const { client_id: clientId, client_secret: clientSecret } = user
  state.refreshTokens.set(user.refresh_token, { clientId, clientSecret })
  return user
}
