// A message of the queue that is none of Skein's: a provider's notification, sent there by the provider itself.
// Whoever may send to the queue is trusted, as with tasks; what the message is about is found by its vendor.

import type { Task } from '#shared/platform.ts'
import type { Landscape } from './changes.ts'
import { tasksOf } from './changes.ts'
import { at, parseBase64Json, parseJson } from './json.ts'
import { readNotification } from './notification.ts'
import { placesOfVendor } from './places.ts'

/** Undefined for a task, and for what nobody can read: both are for whoever knows tasks. */
export function tasksOfMessage(
  { id, body }: { id: string; body: string },
  landscape: () => Landscape,
): Task[] | undefined {
  // A queue that is read over HTTP, and some hosts, leave the text as it travelled.
  const payload = parseJson(body) ?? parseBase64Json(body)
  if (payload === undefined || isTask(payload)) return undefined
  const readings = readNotification(payload, id)
  if (readings === undefined) return undefined
  const found = landscape()
  return tasksOf(readings, found, ({ vendor }) => placesOfVendor(vendor, found.places))
}

function isTask(payload: unknown): boolean {
  return typeof at(payload, 'v') === 'number' && typeof at(payload, 'kind') === 'string'
}
