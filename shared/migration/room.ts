// So many bytes in memory at once: what does not fit waits, in the sequence in which it came.

export interface Room {
  run<T>(bytes: number, work: () => Promise<T>): Promise<T>
}

/** One that is larger than all there is has it to itself. */
export function createRoom(size: number): Room {
  const waiting: { bytes: number; enter: () => void }[] = []
  let held = 0
  const admit = (): void => {
    for (let next = waiting[0]; next && held + next.bytes <= size; next = waiting[0]) {
      waiting.shift()
      held += next.bytes
      next.enter()
    }
  }
  return {
    async run(asked, work) {
      const bytes = Math.min(asked, size)
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ bytes, enter: resolve })
      admit()
      await promise
      try {
        return await work()
      } finally {
        held -= bytes
        admit()
      }
    },
  }
}
