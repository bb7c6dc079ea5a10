// The storage contract, kept by the Azure driver against Azurite.

import { inject } from 'vitest'
import { describeAzurite } from '../harness/descriptions.ts'
import { defineConformance } from '../suites/storage/vitest.ts'

defineConformance(await describeAzurite(inject('servers')))
