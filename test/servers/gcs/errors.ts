/**
 * What Cloud Storage refuses and how it says so. One error carries both spellings: the
 * JSON API's `reason` and the XML API's `Code`.
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes
 * https://cloud.google.com/storage/docs/xml-api/reference-status
 */
export interface Refusal {
  readonly status: number
  /** The JSON API's reason. */
  readonly reason: string
  /** The XML API's code. */
  readonly code: string
  readonly message: string
  readonly details?: string
  readonly location?: { readonly type: string; readonly name: string }
  /** More elements of the XML error, such as ParameterName. */
  readonly elements?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

export class GcsError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.name = 'GcsError'
    this.refusal = refusal
  }
}

export function toJsonError({ refusal }: GcsError): object {
  const { status, reason, message, location } = refusal
  const first = {
    message,
    domain: 'global',
    reason,
    ...(location ? { locationType: location.type, location: location.name } : {}),
  }
  return { error: { code: status, message, errors: [first] } }
}

export function toXmlError({ refusal }: GcsError): string {
  const elements = { Code: refusal.code, Message: refusal.message, ...refusal.elements }
  const all = refusal.details ? { ...elements, Details: refusal.details } : elements
  const inner = Object.entries(all).map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`)
  return `<?xml version='1.0' encoding='UTF-8'?><Error>${inner.join('')}</Error>`
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export function invalid(message: string, code = 'InvalidArgument'): GcsError {
  return new GcsError({ status: 400, reason: 'invalid', code, message })
}

export function required(message: string): GcsError {
  return new GcsError({ status: 400, reason: 'required', code: 'InvalidArgument', message })
}

export function noSuchBucket(): GcsError {
  const message = 'The specified bucket does not exist.'
  return new GcsError({ status: 404, reason: 'notFound', code: 'NoSuchBucket', message })
}

export function noSuchObject(bucket: string, name: string): GcsError {
  return new GcsError({
    status: 404,
    reason: 'notFound',
    code: 'NoSuchKey',
    message: `No such object: ${bucket}/${name}`,
    details: `No such object: ${bucket}/${name}`,
  })
}

export function notFound(message = 'Not Found'): GcsError {
  return new GcsError({ status: 404, reason: 'notFound', code: 'NotFound', message })
}

export function noSuchUpload(): GcsError {
  const message = 'The requested upload was not found.'
  return new GcsError({ status: 404, reason: 'notFound', code: 'NoSuchUpload', message })
}

export function conditionNotMet(condition: string): GcsError {
  return new GcsError({
    status: 412,
    reason: 'conditionNotMet',
    code: 'PreconditionFailed',
    message: 'At least one of the pre-conditions you specified did not hold.',
    details: condition,
    location: { type: 'header', name: 'If-Match' },
  })
}

export function notModified(headers: Record<string, string>): GcsError {
  const message = 'Not Modified'
  return new GcsError({ status: 304, reason: 'notModified', code: 'NotModified', message, headers })
}

export function unauthenticated(message = 'Invalid Credentials'): GcsError {
  return new GcsError({
    status: 401,
    reason: 'authError',
    code: 'AuthenticationRequired',
    message,
    location: { type: 'header', name: 'Authorization' },
    headers: {
      'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="invalid_token"',
    },
  })
}

export function anonymous(): GcsError {
  const message =
    'Anonymous caller does not have storage access to the Google Cloud Storage resource.'
  return new GcsError({
    status: 401,
    reason: 'required',
    code: 'AuthenticationRequired',
    message,
    location: { type: 'header', name: 'Authorization' },
    headers: { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' },
  })
}

export function denied(message: string, code = 'AccessDenied', reason = 'forbidden'): GcsError {
  return new GcsError({ status: 403, reason, code, message })
}

export function conflict(message: string, code: string): GcsError {
  return new GcsError({ status: 409, reason: 'conflict', code, message })
}

export function rateLimited(bucket: string, name: string): GcsError {
  return new GcsError({
    status: 429,
    reason: 'rateLimitExceeded',
    code: 'SlowDown',
    message:
      `The object ${bucket}/${name} exceeded the rate limit for object mutation operations ` +
      '(create, update, and delete). Please reduce your request rate.',
  })
}

export function entityTooLarge(): GcsError {
  const message = 'Your proposed upload is larger than the maximum size allowed.'
  return invalid(message, 'EntityTooLarge')
}

export function entityTooSmall(): GcsError {
  const message = 'Your proposed upload is smaller than the minimum size allowed.'
  return invalid(message, 'EntityTooSmall')
}

export function malformedSecurityHeader(parameter: string, details: string): GcsError {
  return new GcsError({
    status: 400,
    reason: 'invalid',
    code: 'MalformedSecurityHeader',
    message: 'Your request has a malformed header.',
    details,
    elements: { ParameterName: parameter },
  })
}

export function notImplemented(what: string): GcsError {
  const message = `${what} is not implemented by this server.`
  return new GcsError({ status: 501, reason: 'notImplemented', code: 'NotImplemented', message })
}
