// What speaking to one S3 bucket needs, from its URI, its row, its options and the environment. No I/O:
// every fault that can be seen without a request is a sentence here, before anything is sent.

import type { Capabilities } from '../../capabilities.ts'
import type { ProviderRow } from '../../compatibility.ts'
import { StorageError } from '../../errors.ts'
import type { Opening } from '../../opening.ts'
import { resolveEndpoint } from '../../opening.ts'
import type { CredentialSource } from '../../signer.ts'
import type { S3Credentials } from './credentials.ts'
import { s3Credentials } from './credentials.ts'
import { fitsHostName } from './place.ts'

export interface S3Settings {
  /** How messages call the store. */
  name: string
  row: ProviderRow
  bucket: string
  region: string
  /** Origin, and path where there is one, without the bucket and without a slash at the end. */
  endpoint: string
  /** The bucket in the path, not in the host name. */
  pathStyle: boolean
  credentials: CredentialSource<S3Credentials>
  capabilities: Capabilities
  /** Milliseconds since the epoch. */
  now(): number
}

export function s3Settings(opening: Opening): S3Settings {
  const { row, bucket } = opening.address
  const region = chooseRegion(opening)
  const endpoint = chooseEndpoint(opening, region)
  return {
    name: opening.name,
    row,
    bucket,
    region,
    endpoint,
    pathStyle: choosePathStyle(opening, endpoint),
    credentials: s3Credentials(opening),
    capabilities: opening.capabilities,
    now: () => opening.platform.now(),
  }
}

/** Amazon's variables say nothing about where another provider's bucket is. */
function chooseRegion(opening: Opening): string {
  const { row, parameters } = opening.address
  const { env } = opening.platform
  const ambient = row.id === 's3' ? env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] : undefined
  const region = parameters['region'] || ambient || row.region
  if (!region) {
    const hint = row.id === 's3' ? ' or set AWS_REGION' : ''
    throw invalid(opening, `does not say its region; write it as ${row.example}${hint}`)
  }
  if (!/^[A-Za-z0-9-]+$/.test(region)) {
    throw invalid(opening, `has a region that cannot be one; write it as ${row.example}`)
  }
  return region
}

function chooseEndpoint(opening: Opening, region: string): string {
  const { row, account, parameters } = opening.address
  const endpoint = resolveEndpoint(opening, {
    region,
    account,
    jurisdiction: jurisdiction(opening),
  })
  const ownDomain = row.id === 's3' && parameters['endpoint'] === undefined
  return ownDomain ? endpoint.replace('amazonaws.com', awsDomain(region)) : endpoint
}

/** Amazon's separate partitions have domains of their own. */
function awsDomain(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn'
  if (region.startsWith('eusc-')) return 'amazonaws.eu'
  return 'amazonaws.com'
}

/** https://developers.cloudflare.com/r2/reference/data-location/#jurisdictional-restrictions */
function jurisdiction(opening: Opening): string {
  const given = opening.address.parameters['jurisdiction']
  if (given === undefined || given === 'default') return ''
  if (given === 'eu' || given === 'fedramp') return `${given}.`
  throw invalid(opening, 'has a jurisdiction that R2 does not know; use eu or fedramp')
}

function choosePathStyle(opening: Opening, endpoint: string): boolean {
  const { row, bucket, parameters } = opening.address
  const given = parameters['path_style']
  if (given === 'true') return true
  if (given === 'false') return false
  if (given !== undefined) throw invalid(opening, 'has a path_style that is neither true nor false')
  return (row.pathStyle ?? false) || !fitsHostName(bucket, endpoint)
}

function invalid(opening: Opening, problem: string): StorageError {
  return new StorageError('invalid', `The store "${opening.name}" ${problem}.`, {
    store: opening.name,
  })
}
