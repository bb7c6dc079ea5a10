// How a message looks that was set aside: as it was, with the reason beside it.

export function isSetAside(kept: string, body: string): boolean {
  const { setAside, unreadable, ...task } = JSON.parse(kept) as Record<string, unknown>
  if (typeof setAside !== 'string' || setAside === '') return false
  return unreadable === body || JSON.stringify(task) === body
}
