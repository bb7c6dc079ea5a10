// What is wrong with a value, and where. Whoever shows it finds the words.

export type Issue = { path: PropertyKey[] } & (
  | { code: 'invalid_type'; expected: string; input: unknown }
  | { code: 'invalid_value'; values: readonly Literal[] }
  | { code: 'too_small'; origin: Origin; minimum: number; inclusive: boolean }
  | { code: 'too_big'; origin: Origin; maximum: number }
  | { code: 'invalid_format'; message: string }
  | { code: 'unrecognized_keys'; keys: string[] }
  /** The findings of each form that it might have had. */
  | { code: 'invalid_union'; errors: Issue[][] }
  /** A name of a record that cannot be one; it is the last step of the path. */
  | { code: 'invalid_key'; issues: Issue[] }
  | { code: 'custom'; message: string }
)

export type Literal = string | number | boolean | null
export type Origin = 'string' | 'number' | 'array'
