// One signal aborted with another, for as long as a piece of work lasts. Not by `AbortSignal.any`: in Node what that
// makes is only let go of by a full collection, which in long work that asks for a signal with every request
// comes to a hundred megabytes, and it takes eight times as long.

/** Until the answer is called. */
export function following(own: AbortController, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined
  const follow = () => own.abort(signal.reason)
  if (signal.aborted) follow()
  signal.addEventListener('abort', follow, { once: true })
  return () => signal.removeEventListener('abort', follow)
}
