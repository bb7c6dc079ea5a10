// How often something has happened in this instance. Names and labels are Prometheus's; a label takes few
// values, and never one that a stranger may choose.

export interface Counters {
  add(name: string, labels?: Readonly<Record<string, string>>): void
  /** By name and labels, as they are written for a scrape: `name{label="value"}`. */
  read(): ReadonlyMap<string, number>
}

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    add(name, labels = {}) {
      const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      const series = pairs.length > 0 ? `${name}{${pairs.join(',')}}` : name
      counts.set(series, (counts.get(series) ?? 0) + 1)
    },
    read: () => counts,
  }
}
