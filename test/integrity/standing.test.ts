// The state of a workspace in a word, from what is known of it; sweeps that begin when they are due; and reports that
// cannot be changed afterwards.

import { expect, test } from 'vitest'
import { beginDue } from '#shared/integrity/due.ts'
import { keepLast, readLast } from '#shared/integrity/last.ts'
import { integrityRules } from '#shared/integrity/rules.ts'
import { standingOf } from '#shared/integrity/standing.ts'
import { canonicalJson, checkReport, signReport } from '#shared/jobs/signed-report.ts'
import { createSeal } from '#shared/seal.ts'
import { bytesOf, openSweeping } from './sweeping.ts'

const SECRET = 'a secret of at least thirty-two characters'

test('a sweep with findings makes the workspace degraded, and says what to do', async () => {
  const { write, sweep, replica, replication, ledger } = openSweeping()
  await write('a', bytesOf('a', 10))
  await sweep({ mode: 'deep' })
  const known = async () => ({
    status: {
      ...{ workspace: 'app', state: 'healthy' as const },
      stores: ['main', 'west'].map((store, at) => ({
        ...{ store, role: at === 0 ? ('primary' as const) : ('replica' as const) },
        ...{ provider: 'memory', state: 'up' as const, milliseconds: 1 },
      })),
    },
    replication: await replication.status(),
    quick: await readLast(ledger, 'app', 'quick'),
    deep: await readLast(ledger, 'app', 'deep'),
    ...{ rules: integrityRules({}), missedAfterSeconds: 900, now: Date.now() },
  })
  expect(standingOf(await known())).toMatchObject({ state: 'healthy', issues: [] })
  const { metadata } = await replica.head('a')
  await replica.put('a', bytesOf('b', 10), { metadata })
  await sweep({ mode: 'deep' })
  const degraded = standingOf(await known())
  expect(degraded).toMatchObject({
    state: 'degraded',
    issues: [
      { severity: 'warning', store: 'west', action: 'Mend it: skein verify app --deep --repair.' },
    ],
    sweeps: { deep: { coverage: { days: 30 } } },
  })
  // A quick sweep sees no bytes, so what a deep one found of them stands.
  await sweep()
  expect(standingOf(await known()).state).toBe('degraded')
  await sweep({ mode: 'deep', repair: 'automatic' })
  expect(standingOf(await known()).state).toBe('healthy')
  const silent = standingOf({ ...(await known()), replication: undefined })
  expect(silent.issues).toMatchObject([
    { what: 'The ledger does not answer, so nobody knows what is late.' },
  ])
})

test('sweeps begin when they are due, a deep one in place of a quick one, and never two at once', async () => {
  const { engine, ledger, clock, finish } = openSweeping()
  const now = () => Date.now() + clock.ahead
  const rules = integrityRules({ quick: '6h', deep: '1d', budget: 4, repair: 'automatic' })!
  const begin = () => beginDue({ workspace: 'app', rules, ledger, jobs: engine, now })
  const first = await begin()
  expect((await engine.view(first!)).input).toMatchObject({
    mode: 'deep',
    budgetUsd: 4,
    coverageDays: 30,
    repair: 'automatic',
  })
  expect(await begin()).toBeUndefined()
  clock.ahead += 7 * 3_600_000
  // The first one is still at work.
  expect(await begin()).toBeUndefined()
  await finish()
  const second = await begin()
  expect((await engine.view(second!)).input).toMatchObject({ mode: 'quick' })
  await finish()
  expect(await begin()).toBeUndefined()
  clock.ahead += 24 * 3_600_000
  const both = await Promise.all([begin(), begin(), begin()])
  expect(both.filter((one) => one !== undefined)).toHaveLength(1)
})

test('a report is the same text on every instance, and a change or another key shows', async () => {
  const report = { b: [1, undefined, { z: 'ü', a: null }], a: undefined, c: 1.5 }
  expect(canonicalJson(report)).toBe('{"b":[1,null,{"a":null,"z":"ü"}],"c":1.5}')
  const [one, two] = await Promise.all([1, 2].map(() => signReport(createSeal([SECRET]), report)))
  expect(one).toEqual(two)
  const { publicKey } = one!.signature!
  const kept: typeof one = JSON.parse(JSON.stringify(one))
  expect(await checkReport(kept!, publicKey)).toMatchObject({ valid: true, publicKey })
  expect(await checkReport({ ...kept!, report: { ...report, c: 2 } })).toMatchObject({
    valid: false,
  })
  const other = await signReport(createSeal([`${SECRET}!`]), report)
  expect(await checkReport(other, publicKey)).toEqual({
    valid: false,
    reason: 'It was signed with another key than the one given.',
  })
  expect(await checkReport(await signReport(createSeal([]), report))).toMatchObject({
    valid: false,
  })
})

test('what a sweep has left is kept for its workspace alone', async () => {
  const { write, sweep, ledger } = openSweeping()
  await write('a', 'x')
  const report = await sweep()
  expect(await readLast(ledger, 'app', 'quick')).toMatchObject({
    job: report.job,
    state: 'healthy',
  })
  expect(await readLast(ledger, 'other', 'quick')).toBeUndefined()
  await keepLast(ledger, 'other', report)
  expect(await readLast(ledger, 'other', 'quick')).toMatchObject({ job: report.job })
})
