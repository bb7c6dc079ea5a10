// A schema and a public type that describe the same thing, compared by the compiler in both directions, with
// optional fields filled in as well, since `{}` would otherwise agree with everything that is optional.

type Full<T> = T extends string | number | boolean | null | undefined
  ? T
  : { [K in keyof T]-?: Full<T[K]> }

type Fits<A, B> = [A] extends [B] ? true : false

/** `true` when each is the other. */
export type Agrees<A, B> = [
  Fits<A, B>,
  Fits<B, A>,
  Fits<Full<A>, Full<B>>,
  Fits<Full<B>, Full<A>>,
] extends [true, true, true, true]
  ? true
  : false

/** Only a list of agreements compiles. */
export type Held<List extends readonly true[]> = List
