// The front of a deployment in two parts: it plans uploads, which is what most requests ask and what must be
// quick from the first one on. Everything else, and what it finds that it was not given, goes on whole.

import { isElsewhere } from './api/elsewhere.ts'
import { createGate } from './api/gate.ts'
import { PLAN_ROUTES } from './api/routes/plans.ts'
import { createStraightWay } from './api/straight.ts'
import { findConfig } from './config/find.ts'
import type { Platform } from './platform.ts'
import { openSuite } from './suite.ts'

export type Front = (request: Request) => Promise<Response>

export async function openFront(
  platform: Platform & Required<Pick<Platform, 'onward'>>,
): Promise<Front> {
  const { onward } = platform
  try {
    const suite = openSuite(await findConfig(platform), platform)
    const gate = createGate(suite)
    const straight = createStraightWay(PLAN_ROUTES.map((route) => [route, gate.serve(route)]))
    return (request) => straight(request) ?? onward(request)
  } catch (error) {
    // Such as a configuration that is not JSON, or one that is wrong: what is wrong with it is said there.
    if (isElsewhere(error)) return (request) => onward(request)
    throw error
  }
}
