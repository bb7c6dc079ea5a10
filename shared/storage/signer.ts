// Presigning has its own interface: no SDK, and no I/O but a credential's refresh. Whoever holds the
// result makes the request with no credentials at all, so what a signer cannot put under the signature it
// refuses with `unsupported` instead of leaving it out. `capabilities.presign.enforces` tells beforehand.

import type { Checksum, ObjectProperties } from './contract.ts'

/** What a signed request can hold its bearer to. */
export type Constraint = 'size' | 'type' | 'checksum' | 'overwrite'

/** Headers that the answer to a signed GET shall carry in place of the stored ones. */
export interface ResponseOverrides {
  contentType?: string | undefined
  contentDisposition?: string | undefined
  contentEncoding?: string | undefined
  contentLanguage?: string | undefined
  cacheControl?: string | undefined
}

interface Expiring {
  key: string
  expiresInSeconds: number
}

export interface SignGet extends Expiring {
  action: 'get' | 'head'
  version?: string | undefined
  response?: ResponseOverrides | undefined
  /** Sent as a header. Signed where the provider signs headers of a GET, so that no other range is read. */
  range?: { first: number; last: number } | undefined
  /** Sent as a header, signed where it can be; a source that changed answers 412. */
  ifMatch?: string | undefined
}

export interface SignPut extends Expiring, ObjectProperties {
  /** `resumable` begins a GCS session: POST, empty body, then PUTs to the answer's `Location`. */
  action: 'put' | 'resumable'
  contentLength?: number | undefined
  checksum?: Checksum | undefined
  /** `create`: the provider refuses the write when the key is taken. */
  mode?: 'overwrite' | 'create' | { ifMatch: string } | undefined
  /** GCS alone: any length within, for a resumable upload whose length is not known yet. */
  contentLengthRange?: { min: number; max: number } | undefined
}

export interface SignPart extends Expiring {
  action: 'part'
  uploadId: string
  partNumber: number
  contentLength?: number | undefined
  checksum?: Checksum | undefined
}

export interface SignDelete extends Expiring {
  action: 'delete'
  version?: string | undefined
}

/** A browser form, `multipart/form-data`: the file goes last, in a field named `file`. */
export interface SignForm extends Expiring, ObjectProperties {
  action: 'form'
  contentLengthRange?: { min: number; max: number } | undefined
  /** Accept any type that begins so, in place of one exact `contentType`. */
  contentTypePrefix?: string | undefined
}

export type SignRequest = SignGet | SignPut | SignPart | SignDelete | SignForm

export interface Presigned {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  url: string
  /** Must be sent as they are; the signature covers them where the provider can. */
  headers: Record<string, string>
  /** The form's fields, for `form`. */
  fields?: Record<string, string> | undefined
  /** The earlier of the URL's and the credential's end. */
  expiresAt: Date
  /** True when the credential may end sooner than can be known here. */
  expiresAtMost: boolean
  /** Of what was asked for, what the provider itself holds the bearer to. */
  enforced: readonly Constraint[]
}

export interface Signer {
  presign(request: SignRequest): Promise<Presigned>
}

/** A credential now, or a promise of one when it has to be fetched or refreshed. */
export type CredentialSource<Credential> = () => Credential | Promise<Credential>
