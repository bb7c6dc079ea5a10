// Once a run: starts the servers, hands their addresses to every worker, and ends them by process id.

import type { TestProject } from 'vitest/node'
import type { Servers } from './servers.ts'
import { startServers } from './servers.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    servers: Servers
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { servers, stop } = await startServers(process.env)
  project.provide('servers', servers)
  return stop
}
