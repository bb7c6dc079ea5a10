// Where a listing that goes by two markers stopped, as the contract's one opaque string.

export function joinCursor(...markers: [string | undefined, string | undefined]): string {
  return JSON.stringify(markers.map((marker) => marker ?? ''))
}

export function splitCursor(cursor: string | undefined): [string | undefined, string | undefined] {
  if (cursor === undefined) return [undefined, undefined]
  const [first, second] = JSON.parse(cursor) as [string, string]
  return [first || undefined, second || undefined]
}
