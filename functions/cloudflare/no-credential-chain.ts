// Stands in for Amazon's chain of credentials in a Worker, which has no profile, no instance and no container
// to ask: a store there is given its keys, and one without them is refused before this is called.

export function defaultProvider(): never {
  throw new Error('A Worker has no machine whose credentials could be asked for.')
}
