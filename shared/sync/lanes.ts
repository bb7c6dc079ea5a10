// So many pieces of work at once, the others in the sequence in which they came.

export interface Lanes {
  run<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when few enough are waiting that more may be added; undefined: at once. */
  room(): Promise<void> | undefined
}

/** `backlog`: how many may wait. */
export function createLanes(count: number, backlog: number): Lanes {
  const waiting: (() => void)[] = []
  let running = 0
  let onRoom: PromiseWithResolvers<void> | undefined
  const start = () => {
    while (running < count && waiting.length > 0) {
      running++
      waiting.shift()!()
    }
    if (onRoom && waiting.length < backlog) {
      onRoom.resolve()
      onRoom = undefined
    }
  }
  return {
    async run(work) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      start()
      await promise
      try {
        return await work()
      } finally {
        running--
        start()
      }
    },
    room() {
      if (waiting.length < backlog) return undefined
      onRoom ??= Promise.withResolvers()
      return onRoom.promise
    },
  }
}
