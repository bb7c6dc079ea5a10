// A bucket's address, taken apart as signing wants it.

import type { S3Settings } from './settings.ts'

export interface Place {
  origin: string
  host: string
  /** What goes before a key in a path; ends in a slash. */
  root: string
}

export function bucketPlace({ endpoint, bucket, pathStyle }: S3Settings): Place {
  const url = new URL(endpoint)
  const base = url.pathname.replace(/\/$/, '')
  const host = pathStyle ? url.host : `${bucket}.${url.host}`
  const root = pathStyle ? `${base}/${bucket}/` : `${base}/`
  return { origin: `${url.protocol}//${host}`, host, root }
}

const IP_ADDRESS = /^\[|^[\d.]+$/

/**
 * An address has no names below it. A wildcard certificate covers one label, so a bucket with dots is out of
 * its reach; a host name has no capitals and no underscore.
 */
export function fitsHostName(bucket: string, endpoint: string): boolean {
  if (IP_ADDRESS.test(new URL(endpoint).hostname)) return false
  if (bucket.includes('.') && endpoint.startsWith('https:')) return false
  return /^[a-z0-9.-]+$/.test(bucket)
}
