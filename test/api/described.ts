// Holds what the API really answers against its own description: a field that nobody described, or one that is
// not as described, fails the test that saw it.

import * as z from '#shared/shape/shape.ts'
import { RESPONSES } from '#shared/api/responses.ts'
import { ROUTES } from '#shared/api/routes/routes.ts'

/** Throws unless this answer is the route's, exactly. Answers that are no route's are left alone. */
export function checkDescribed(method: string, path: string, status: number, body: unknown): void {
  const name = status >= 400 ? 'Problem' : answerOf(method, path)
  if (name === undefined) return
  const parsed = z.safeParse(closed(RESPONSES[name]), body)
  if (parsed.success) return
  throw new Error(`${method} ${path}: ${JSON.stringify(parsed.error.issues)}`)
}

/** The same shape with no room for fields that nobody described. */
function closed({ is, checks }: z.Shape): z.Shape {
  switch (is.kind) {
    case 'object': {
      const fields = Object.entries(is.fields).map(([name, field]) => [name, closed(field)])
      return z.strictObject(Object.fromEntries(fields) as z.Fields).check(...checks)
    }
    case 'optional':
      return z.optional(closed(is.inner))
    case 'nullable':
      return z.nullable(closed(is.inner))
    case 'array':
      return z.array(closed(is.element)).check(...checks)
    case 'union':
      return z.union(is.options.map(closed))
    default:
      return { ...z.unknown(), is, checks, ...inside(is) }
  }
}

function inside(is: z.Kind): object {
  return is.kind === 'record' ? { is: { ...is, value: closed(is.value) } } : {}
}

function answerOf(method: string, path: string): keyof typeof RESPONSES | undefined {
  const [, , , ...segments] = path.split('?', 1)[0]!.split('/')
  const fitting = ROUTES.filter((route) => {
    const steps = route.path.slice(1).split('/')
    const fits = steps.every((step, index) => step.startsWith(':') || step === segments[index])
    return fits && steps.length === segments.length && route.method === method.toLowerCase()
  })
  // `uploads/batch` fits `uploads/:id` as well.
  const exact = fitting.find((route) => !route.path.includes(':')) ?? fitting[0]
  return exact?.answer.status === 200 ? exact.answer.body : undefined
}
