// The front of a deployment in two parts: it plans uploads, which is what most requests ask and what must be
// quick from the first one on. Everything else, and what it finds that it was not given, goes on whole; so does
// every request where the configuration was not checked before, since the check is behind.

import { createGate } from './api/gate.ts'
import { PLAN_ROUTES } from './api/routes/plans.ts'
import { createStraightWay } from './api/straight.ts'
import { readChecked } from './config/checked.ts'
import type { Platform } from './platform.ts'
import { openSuite } from './suite.ts'

export type Front = (request: Request) => Promise<Response>

export function openFront(platform: Platform & Required<Pick<Platform, 'onward'>>): Front {
  const { onward } = platform
  const config = readChecked(platform.env)
  if (config === undefined) return (request) => onward(request)
  const gate = createGate(openSuite(config, platform))
  const straight = createStraightWay(PLAN_ROUTES.map((route) => [route, gate.serve(route)]))
  return (request) => straight(request) ?? onward(request)
}
