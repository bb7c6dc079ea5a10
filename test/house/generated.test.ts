import { expect, test } from 'vitest'
import { GENERATED, committed } from '../../functions/generate.ts'

test.each(Object.keys(GENERATED))('%s is what `npm run generate` makes', async (file) => {
  expect(await committed(file)).toBe(GENERATED[file]!())
})
