// The storage contract, kept by the memory store.

import { defineConformance } from '../suites/storage/vitest.ts'

defineConformance({ name: 'memory', uri: 'memory:{place}' })
