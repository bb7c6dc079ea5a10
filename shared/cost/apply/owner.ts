// Which of the inventory's prefixes a key was counted under: the deepest one that there is. A recommendation is
// about those keys alone, and not about what lies deeper and was counted by itself.

export function ownerIn(prefixes: readonly string[]): (key: string) => string {
  const known = new Set(prefixes)
  return (key) => {
    for (let end = key.lastIndexOf('/') + 1; end > 0; end = key.lastIndexOf('/', end - 2) + 1) {
      const prefix = key.slice(0, end)
      if (known.has(prefix)) return prefix
    }
    return ''
  }
}
