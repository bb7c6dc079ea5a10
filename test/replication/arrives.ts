// What comes by itself after a while. It is looked for again and again, and nothing hangs on how busy the machine
// is: a test file that imports this gives its tests as much time.

import { vi } from 'vitest'

const PATIENCE_MILLISECONDS = 30_000

vi.setConfig({ testTimeout: 2 * PATIENCE_MILLISECONDS })

export function arrives<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: PATIENCE_MILLISECONDS })
}
