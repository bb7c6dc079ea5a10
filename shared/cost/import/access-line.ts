// What a provider's log tells of one request, whoever wrote the log.

import type { Operation } from '#shared/prices/catalogue.ts'

export interface AccessLine {
  at: Date
  operation: Operation
  bucket: string
  /** As the provider's names it: a store's prefix is still before it. Empty for requests to the bucket. */
  key: string
  status: number
  /** Of the body that was sent. */
  sentBytes: number
}

/** A line is not of this kind, or tells of nothing that is billed as a request to an object. */
export type Reading = AccessLine | undefined

export function wholeNumber(text: string | number | undefined): number {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}

/** A key as it was written in a URL; one that is not well written is taken as it stands. */
export function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Undefined where there is no such time. */
export function timeOf(text: string | number): Date | undefined {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? undefined : at
}
