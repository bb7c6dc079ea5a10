/**
 * Percent-decoding of paths and names: what is not valid UTF-8 is refused, never guessed.
 */
import { invalid } from './errors.ts'

export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw invalid('The path is not valid UTF-8 when percent-decoded.', 'InvalidURI')
  }
}
