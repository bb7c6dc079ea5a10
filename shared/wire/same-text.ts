// Compares a secret with what somebody brought, in a time that tells nothing of where they differ.

export function sameText(secret: string, brought: string): boolean {
  if (brought.length !== secret.length) return false
  let difference = 0
  for (let i = 0; i < secret.length; i++) difference |= secret.charCodeAt(i) ^ brought.charCodeAt(i)
  return difference === 0
}
