// Every command there is. A new one is a row here.

import { capabilities } from './capabilities.ts'
import type { CommandRow } from './command.ts'
import { completionCommand } from './completion.ts'
import { configPrepare } from './config-prepare.ts'
import { configTest } from './config-test.ts'
import { configSet, configShow } from './config.ts'
import { COST } from './cost.ts'
import { cp } from './cp.ts'
import { failover } from './failover.ts'
import { get } from './get.ts'
import { JOBS } from './jobs.ts'
import { list } from './list.ts'
import { MIGRATE } from './migrate.ts'
import { presign } from './presign.ts'
import { put } from './put.ts'
import { REPLICATION } from './replication.ts'
import { rm } from './rm.ts'
import { setup } from './setup.ts'
import { stats, status } from './stores.ts'
import { sync } from './sync.ts'
import { token } from './token.ts'
import { verify } from './verify.ts'

export const COMMANDS: readonly CommandRow[] = [
  ...[status, stats, list, put, get, rm, cp, sync, verify, presign],
  ...[configShow, configSet, configTest, configPrepare, setup, token],
  ...JOBS,
  ...MIGRATE,
  ...COST,
  ...REPLICATION,
  failover,
  capabilities,
  completionCommand(() => COMMANDS),
]
