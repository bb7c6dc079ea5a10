// Outcomes of work that ends in any order, taken in the order in which it was begun. Those behind one that takes
// long wait for it, and no more than so many.

export interface Line<Outcome> {
  add(outcome: Outcome | Promise<Outcome>): void
  /** Resolves when few enough wait; undefined: at once. */
  room(): Promise<void> | undefined
  /** When all were taken. Fails as the first taking did. */
  end(): Promise<void>
}

export function createLine<Outcome>(
  size: number,
  take: (outcome: Outcome) => Promise<void>,
): Line<Outcome> {
  const waiting: (Outcome | Promise<Outcome>)[] = []
  let working: Promise<void> | undefined
  let onRoom: PromiseWithResolvers<void> | undefined
  const faults: unknown[] = []
  const makeRoom = (): void => {
    if (waiting.length >= size && faults.length === 0) return
    onRoom?.resolve()
    onRoom = undefined
  }
  async function work(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const outcome = await waiting[0]!
        await take(outcome)
        void waiting.shift()
        makeRoom()
      }
    } catch (error) {
      faults.push(error)
      makeRoom()
    }
    working = undefined
  }
  return {
    add(outcome) {
      // Its failure is met when its turn comes.
      if (outcome instanceof Promise) outcome.catch(() => undefined)
      waiting.push(outcome)
      if (faults.length === 0) working ??= work()
    },
    room() {
      if (faults.length > 0) throw faults[0]
      if (waiting.length < size) return undefined
      onRoom ??= Promise.withResolvers()
      return onRoom.promise
    },
    async end() {
      await working
      if (faults.length > 0) throw faults[0]
    },
  }
}
