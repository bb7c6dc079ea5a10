// The payloads of every provider, as they were collected, and what each must read as.

import { readFileSync } from 'node:fs'

const FOLDER = new URL('../vectors/', import.meta.url)

export interface Vector {
  file: string
  provenance: string
  notes?: string
  headers?: Record<string, string>
  expect?: Expected
}

export interface Expected {
  type: string
  bucket?: string
  key?: string
  size?: number
  etag?: string
  versionId?: string
}

export function vectorText(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8')
}

export function vectorOf(file: string): unknown {
  return JSON.parse(vectorText(file)) as unknown
}

export function eventVectors(): Vector[] {
  return (vectorOf('events/INDEX.json') as { files: Vector[] }).files
}

/** As a request's headers are asked for. */
export function headerOf(
  headers: Record<string, string> = {},
): (name: string) => string | undefined {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => lower.get(name)
}
