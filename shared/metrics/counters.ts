// How often something has happened in this instance. Names and labels are Prometheus's; a label takes few
// values, and never one that a stranger may choose. Whoever counts on a hot path keeps his counter, and adds to it.

/** Added to by whoever holds it: `counter.value++`. */
export interface Counter {
  value: number
}

export type Labels = Readonly<Record<string, string>>

export interface Counters {
  /** The same one for the same name and labels, in order. */
  counter(name: string, labels?: Labels): Counter
  /** One more. */
  add(name: string, labels?: Labels): void
  /** By name and labels, as they are written for a scrape: `name{label="value"}`. */
  read(): ReadonlyMap<string, number>
}

export function createCounters(): Counters {
  const counters = new Map<string, Counter>()

  function counter(name: string, labels?: Labels): Counter {
    const series = seriesName(name, labels)
    const found = counters.get(series) ?? { value: 0 }
    counters.set(series, found)
    return found
  }

  return {
    counter,
    add: (name, labels) => void counter(name, labels).value++,
    read: () => new Map([...counters].map(([series, { value }]) => [series, value])),
  }
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details */
export function seriesName(name: string, labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`)
  return pairs.length > 0 ? `${name}{${pairs.join(',')}}` : name
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))
}
