// A configuration as it may be shown: secrets are gone, whatever shape they came in.

const SECRET_FIELDS = new Set([
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
  'credentialsJson',
  'accountKey',
  'connectionString',
  'sasToken',
  'signingSecret',
  'secrets',
])

export const REDACTED = 'REDACTED'

export function isSecretField(name: string): boolean {
  return SECRET_FIELDS.has(name)
}

/** A copy in which every secret reads REDACTED. */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact)
  if (typeof value === 'string') return redactUri(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecretField(name) && inner !== undefined ? REDACTED : redact(inner),
    ]),
  )
}

/** Somebody may have put a password or a token into an address. */
function redactUri(text: string): string {
  return text
    .replace(/(:\/\/[^/@\s:]*:)[^@/\s]+@/g, `$1${REDACTED}@`)
    .replace(/([?&](?:sig|signature|token|secret|password|key)=)[^&\s]+/gi, `$1${REDACTED}`)
}
