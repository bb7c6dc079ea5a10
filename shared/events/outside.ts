// What verifying asks of the world: the time, and whoever publishes keys.

export interface Outside {
  /** Milliseconds since the epoch. */
  now: () => number
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
}
