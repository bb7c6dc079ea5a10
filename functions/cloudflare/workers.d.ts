// What Workers have beside web standards, as far as it is used here.
// https://developers.cloudflare.com/workers/runtime-apis/

declare module 'cloudflare:workers' {
  /** Lets work go on after the answer of whichever request is at hand. */
  export function waitUntil(work: Promise<unknown>): void
}
