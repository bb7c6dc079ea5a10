// Where data lies: ids that mean other countries at other providers, hints that bind nobody, and places that span
// jurisdictions; and which of a provider's regions is the nearest.

import { expect, test } from 'vitest'
import { openRegions } from '#shared/cost/regions.ts'

const regions = await openRegions()

test.each([
  ['s3', 'eu-central-1', ['DE'], true],
  ['wasabi', 'eu-central-1', ['DE'], false],
  ['wasabi', 'eu-central-1', ['NL'], true],
  ['wasabi', 'eu-west-1', ['EU'], false],
  ['b2', 'eu-central-003', ['EU'], true],
  ['r2', 'hint:weur', ['EU'], false],
  ['r2', 'jurisdiction:eu', ['EU'], true],
  ['r2', 'auto', ['US'], false],
  ['gcs', 'eur8', ['EU'], false],
  ['gcs', 'europe-west3', ['EU', 'US'], true],
  ['azure', undefined, ['EU'], false],
  ['azure', 'nowhere', ['EU'], false],
])('%s %s lies within %j: %s', (provider, region, within, expected) => {
  expect(regions.lies({ provider, region }, within)).toBe(expected)
})

test('the nearest region of another provider, within what is allowed', () => {
  const frankfurt = { provider: 's3', region: 'eu-central-1' }
  expect(regions.nearest('gcs', frankfurt)).toBe('europe-west3')
  expect(regions.nearest('b2', frankfurt)).toBe('eu-central-003')
  const london = { provider: 's3', region: 'eu-west-2' }
  expect(regions.nearest('azure', london)).toBe('uksouth')
  const nearby = regions.nearest('azure', london, ['EU'])
  expect(regions.lies({ provider: 'azure', region: nearby }, ['EU'])).toBe(true)
  expect(regions.nearest('gcs', { provider: 'file' })).toBeUndefined()
})
