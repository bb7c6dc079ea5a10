// The processor time that a process has had, with every thread of it and every process it started: by the
// scheduler's own count, in nanoseconds, so that all runtimes are measured by one clock.

import { readFile, readdir } from 'node:fs/promises'

/** Seconds of processor time so far; time of threads that have ended is not in it. */
export async function cpuSeconds(pid: number): Promise<number> {
  const threads = await threadsOf(pid)
  const spent = await Promise.all(threads.map(nanosecondsOf))
  return spent.reduce((sum, one) => sum + one, 0) / 1e9
}

/** As paths, of the process and of its children's. */
async function threadsOf(pid: number): Promise<string[]> {
  const tasks = `/proc/${pid}/task`
  const own = (await readdir(tasks)).map((thread) => `${tasks}/${thread}`)
  const children = await Promise.all(
    own.map((thread) => readFile(`${thread}/children`, 'utf8').catch(() => '')),
  )
  const pids = children.join(' ').split(' ').filter(Boolean).map(Number)
  return [...own, ...(await Promise.all(pids.map(threadsOf))).flat()]
}

/** https://docs.kernel.org/scheduler/sched-stats.html: the first field is time spent on the processor. */
async function nanosecondsOf(thread: string): Promise<number> {
  // A thread may end while it is looked at.
  const text = await readFile(`${thread}/schedstat`, 'utf8').catch(() => '0')
  return Number(text.split(' ', 1)[0])
}
