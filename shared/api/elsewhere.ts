// What a deployment in two parts has in the other one. Whoever needs it says so by this error, and the whole
// request goes there: nothing has been done for it by then.

export class Elsewhere extends Error {
  override readonly name = 'Elsewhere'
}

/** Stands, in a part's bundle, where something is called or imported that this part was not given. */
export function elsewhere(): never {
  throw new Elsewhere('This part was not given what does that.')
}

/** Stands for what may be held in this part, and is called in the other one. */
export const HELD: unknown = new Proxy(elsewhere, { get: () => elsewhere })

const ignore = () => undefined

/** Stands for what is told of things here, and hears nothing. */
export const UNHEARD: unknown = new Proxy(ignore, { get: () => ignore })

/** Whoever calls a store wraps what it throws. */
export function isElsewhere(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error instanceof Elsewhere || isElsewhere(error.cause)
}
