// Every described route there is. A new one is a row here, and a fresh `npm run generate`.

import type { Route } from '../route.ts'
import { DOWNLOAD_ROUTES } from './downloads.ts'
import { JOB_ROUTES } from './jobs.ts'
import { OBJECT_ROUTES } from './objects.ts'
import { REPLICATION_ROUTES } from './replication.ts'
import { UPLOAD_ROUTES } from './uploads.ts'
import { mintUppyEndpoint } from './uppy.ts'
import { WORKSPACE_ROUTES } from './workspace.ts'

export const ROUTES: readonly Route[] = [
  ...UPLOAD_ROUTES,
  ...DOWNLOAD_ROUTES,
  ...OBJECT_ROUTES,
  ...WORKSPACE_ROUTES,
  ...REPLICATION_ROUTES,
  ...JOB_ROUTES,
  mintUppyEndpoint,
]
