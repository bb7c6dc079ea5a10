// Holds what the API really answers against its own description: a field that nobody described, or one that is
// not as described, fails the test that saw it.

import * as z from 'zod/mini'
import { RESPONSES } from '#shared/api/responses.ts'
import { ROUTES } from '#shared/api/routes/routes.ts'

/** Throws unless this answer is the route's, exactly. Answers that are no route's are left alone. */
export function checkDescribed(method: string, path: string, status: number, body: unknown): void {
  const name = status >= 400 ? 'Problem' : answerOf(method, path)
  if (name === undefined) return
  const parsed = z.safeParse(RESPONSES[name], body)
  if (!parsed.success) {
    throw new Error(`${method} ${path}: ${JSON.stringify(parsed.error.issues)}`)
  }
  // The schema keeps what it knows.
  if (sorted(parsed.data) !== sorted(body)) {
    throw new Error(`${method} ${path} says more than ${name}: ${JSON.stringify(body)}`)
  }
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

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
