// Azure's connection strings, `Name=value;Name=value`, as the portal hands them out, and the short form
// that means the emulator on this machine.
// https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string

export interface ConnectionString {
  account?: string | undefined
  accountKey?: string | undefined
  sasToken?: string | undefined
  blobEndpoint?: string | undefined
  queueEndpoint?: string | undefined
}

/** The emulator's own account, the same on every machine and no secret. */
const EMULATOR: ConnectionString = {
  account: 'devstoreaccount1',
  accountKey:
    'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  blobEndpoint: 'http://127.0.0.1:10000/devstoreaccount1',
  queueEndpoint: 'http://127.0.0.1:10001/devstoreaccount1',
}

/** Undefined for what is no connection string at all. */
export function parseConnectionString(text: string): ConnectionString | undefined {
  const values = splitPairs(text)
  if (values === undefined) return undefined
  if (values.get('usedevelopmentstorage')?.toLowerCase() === 'true') return EMULATOR
  const account = values.get('accountname')
  const parsed: ConnectionString = {
    account,
    accountKey: values.get('accountkey'),
    sasToken: values.get('sharedaccesssignature'),
    blobEndpoint: endpointOf('blob', account, values),
    queueEndpoint: endpointOf('queue', account, values),
  }
  const { accountKey, sasToken, blobEndpoint, queueEndpoint } = parsed
  if (blobEndpoint !== undefined && !URL.canParse(blobEndpoint)) return undefined
  if (queueEndpoint !== undefined && !URL.canParse(queueEndpoint)) return undefined
  return accountKey || sasToken ? parsed : undefined
}

function splitPairs(text: string): Map<string, string> | undefined {
  const values = new Map<string, string>()
  for (const pair of text.split(';')) {
    if (pair.trim() === '') continue
    const equals = pair.indexOf('=')
    if (equals < 1) return undefined
    values.set(pair.slice(0, equals).trim().toLowerCase(), pair.slice(equals + 1).trim())
  }
  return values
}

/** Present only where the string says more than the provider's own address does. */
function endpointOf(
  service: 'blob' | 'queue',
  account: string | undefined,
  values: ReadonlyMap<string, string>,
): string | undefined {
  const given = values.get(`${service}endpoint`)
  if (given !== undefined) return given.replace(/\/+$/, '')
  const suffix = values.get('endpointsuffix')
  if (account === undefined || suffix === undefined) return undefined
  return `${values.get('defaultendpointsprotocol') ?? 'https'}://${account}.${service}.${suffix}`
}
