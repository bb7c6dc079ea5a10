// How much memory a command that lists may take. What a page of a listing is made of dies with the page; but V8
// collects it when it pleases, and lets its heap grow by the size of the machine: to a hundred megabytes and more. It can only be told otherwise
// before the start, which is not ours, or by flags that it reads whenever it would grow:
// https://nodejs.org/api/v8.html#v8setflagsfromstringflags

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** From here on the young generation stays as large as it is; it is collected more often, and hardly slower. */
export function keepYoungSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** The same, and all of the heap is collected when it has grown by half. */
export function keepHeapSmall(): void {
  keepYoungSmall()
  setFlagsFromString('--heap-growing-percent=50')
}

const ENOUGH_BYTES = 16 * 2 ** 20

/** The young generation grows no more once it has what moving many objects needs. */
export function boundYoungGeneration(): void {
  const { PerformanceObserver } = process.getBuiltinModule('node:perf_hooks')
  const sizeOfYoung = () => {
    const spaces = getHeapSpaceStatistics()
    return spaces.find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
  }
  const watch = new PerformanceObserver(() => {
    if (sizeOfYoung() < ENOUGH_BYTES) return
    keepYoungSmall()
    watch.disconnect()
  })
  watch.observe({ entryTypes: ['gc'] })
}
