// What is uploaded: a file, a blob or bytes, read slice by slice and never held whole by us.

export type Uploadable = Blob | ArrayBuffer | Uint8Array<ArrayBuffer>

export interface Source {
  size: number
  /** Empty where bytes have none. */
  name: string
  type: string
  /** Milliseconds since the epoch; 0 where bytes have no such time. */
  modified: number
  /** Without a type, so that no header is added to those that were signed. */
  slice: (first: number, end: number) => Blob
}

export function toSource(given: Uploadable): Source {
  const blob = given instanceof Blob ? given : undefined
  const bytes =
    blob === undefined ? asBytes(given as ArrayBuffer | Uint8Array<ArrayBuffer>) : undefined
  return {
    size: blob?.size ?? bytes!.byteLength,
    type: blob?.type ?? '',
    name: blob !== undefined && 'name' in blob ? String(blob.name) : '',
    modified: blob !== undefined && 'lastModified' in blob ? Number(blob.lastModified) : 0,
    slice: (first, end) => blob?.slice(first, end) ?? new Blob([bytes!.subarray(first, end)]),
  }
}

function asBytes(given: ArrayBuffer | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return given instanceof Uint8Array ? given : new Uint8Array(given)
}
