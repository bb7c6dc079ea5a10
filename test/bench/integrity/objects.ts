// What the servers of this benchmark hold: known by number, so that no process has to tell another.

const PER_FOLDER = 1000

export function keyOf(n: number): string {
  const folder = String(Math.floor(n / PER_FOLDER)).padStart(4, '0')
  return `d${folder}/object-${String(n % PER_FOLDER).padStart(4, '0')}.bin`
}

/** Some hundred bytes. */
export function bodyOf(n: number): string {
  return `object ${n} `.repeat(8 + (n % 5))
}
