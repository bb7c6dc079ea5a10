// The storage contract, kept by folders of this machine.

import { afterAll } from 'vitest'
import { openFolders } from '../harness/folders.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

const folders = await openFolders()

afterAll(() => folders.close())
defineConformance(folders.description)
