// Shared access signatures: which fields are signed, in which order, and how the query is written. The
// fields bear the wire's own names, so that the two forms below and the versions in which they grew are all
// there is to know of the format.
// https://learn.microsoft.com/rest/api/storageservices/create-service-sas
// https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas

import type { KeyObject } from 'node:crypto'
import { createHmac } from 'node:crypto'

/**
 * The version whose rules hold for the signature and for the request made with it. Pinned: the newest one
 * moves with each SDK. It has all that is signed here, and the Cold tier.
 */
export const SAS_VERSION = '2021-12-02'

/** Fields by their names in the query; `resource` and `time` are signed but named elsewhere in the URL. */
export type SasFields = { [name in SignedField]?: string | undefined }
type SignedField = (typeof SERVICE_FORM)[number] | (typeof DELEGATION_FORM)[number]

/** Signed with the account's key. */
const SERVICE_FORM = [
  'sp',
  'st',
  'se',
  'resource',
  'si',
  'sip',
  'spr',
  'sv',
  'sr',
  'time',
  'ses',
  'rscc',
  'rscd',
  'rsce',
  'rscl',
  'rsct',
] as const

/** Signed with a user delegation key. */
const DELEGATION_FORM = [
  'sp',
  'st',
  'se',
  'resource',
  'skoid',
  'sktid',
  'skt',
  'ske',
  'sks',
  'skv',
  'saoid',
  'suoid',
  'scid',
  'skdutid',
  'sduoid',
  'sip',
  'spr',
  'sv',
  'sr',
  'time',
  'ses',
  'srh',
  'srq',
  'rscc',
  'rscd',
  'rsce',
  'rscl',
  'rsct',
] as const

const SAS_FORMS = { service: SERVICE_FORM, delegation: DELEGATION_FORM }
export type SasForm = keyof typeof SAS_FORMS

/** The version that a field came with, for those that have not always been there. */
const SINCE: { [name in SignedField]?: string } = {
  saoid: '2020-02-10',
  suoid: '2020-02-10',
  scid: '2020-02-10',
  ses: '2020-12-06',
  skdutid: '2025-07-05',
  sduoid: '2025-07-05',
  srh: '2026-04-06',
  srq: '2026-04-06',
}

function namesIn(form: SasForm, version: string): readonly SignedField[] {
  return SAS_FORMS[form].filter((name) => version >= (SINCE[name] ?? ''))
}

const PINNED = {
  service: namesIn('service', SAS_VERSION),
  delegation: namesIn('delegation', SAS_VERSION),
}

function namesOf(form: SasForm, { sv = SAS_VERSION }: SasFields): readonly SignedField[] {
  return sv === SAS_VERSION ? PINNED[form] : namesIn(form, sv)
}

/** The values as they are, one a line, an empty line for what is absent. */
export function stringToSign(form: SasForm, fields: SasFields): string {
  let text = ''
  let separator = ''
  for (const name of namesOf(form, fields)) {
    text += separator + (fields[name] ?? '')
    separator = '\n'
  }
  return text
}

export function signature(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64')
}

/** The query of a URL that carries these fields and their signature. */
export function sasQuery(form: SasForm, fields: SasFields, key: KeyObject): string {
  let query = ''
  for (const name of namesOf(form, fields)) {
    const value = fields[name]
    if (value === undefined || name === 'resource' || name === 'time') continue
    query += `${name}=${encodeURIComponent(value)}&`
  }
  return `${query}sig=${encodeURIComponent(signature(key, stringToSign(form, fields)))}`
}

export interface BlobSas {
  name: string
  version?: string | undefined
  permissions: string
  /** Milliseconds since the epoch. */
  until: number
}

/** The fields of a signature for one blob. No start: clocks differ, and a URL shall work at once. */
export function blobFields(store: { account: string; container: string; endpoint: string }) {
  const protocol = store.endpoint.startsWith('https:') ? 'https' : undefined
  const container = `/blob/${store.account}/${store.container}/`
  return ({ name, version, permissions, until }: BlobSas): SasFields => ({
    sv: SAS_VERSION,
    spr: protocol,
    se: sasTime(until),
    sr: version === undefined ? 'b' : 'bv',
    sp: permissions,
    resource: container + name,
    time: version,
  })
}

/** The fields of a signature for a whole container. */
export function containerFields(
  { account, container, endpoint }: { account: string; container: string; endpoint: string },
  { permissions, until }: Pick<BlobSas, 'permissions' | 'until'>,
): SasFields {
  return {
    sv: SAS_VERSION,
    spr: endpoint.startsWith('https:') ? 'https' : undefined,
    se: sasTime(until),
    sr: 'c',
    sp: permissions,
    resource: `/blob/${account}/${container}`,
  }
}

let lastSecond = -1
let lastText = ''

/** `YYYY-MM-DDTHH:mm:ssZ`; many signatures are made within one second. */
export function sasTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000)
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}
