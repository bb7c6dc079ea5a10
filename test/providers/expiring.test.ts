import { describe, expect, it } from 'vitest'
import { keepUntilExpiry } from '#shared/storage/providers/expiring.ts'

describe('what expires', () => {
  const MINUTE = 60_000

  function clockwork(lifeMinutes: number) {
    let now = 0
    let fetched = 0
    let failing = false
    const source = keepUntilExpiry(
      async () => {
        if (failing) throw new Error('nobody there')
        return { number: ++fetched, expiresAt: now + lifeMinutes * MINUTE }
      },
      { endOf: ({ expiresAt }) => expiresAt, now: () => now },
    )
    return {
      source,
      pass: (minutes: number) => (now += minutes * MINUTE),
      fail: (value: boolean) => (failing = value),
    }
  }

  it('is fetched once for all who ask, then given at once', async () => {
    const { source } = clockwork(60)
    const both = await Promise.all([source(), source()])
    expect(both.map((one) => one.number)).toEqual([1, 1])
    expect(source()).not.toBeInstanceOf(Promise)
  })

  it('is fetched anew five minutes before its end', async () => {
    const { source, pass } = clockwork(60)
    await source()
    pass(54)
    expect((await source()).number).toBe(1)
    pass(2)
    expect((await source()).number).toBe(2)
  })

  it('is used to its end when it cannot be fetched', async () => {
    const { source, pass, fail } = clockwork(60)
    await source()
    pass(58)
    fail(true)
    expect((await source()).number).toBe(1)
    pass(2)
    await expect(source()).rejects.toThrow('nobody there')
    fail(false)
    expect((await source()).number).toBe(2)
  })

  it('of a short life is kept for half of it', async () => {
    const { source, pass } = clockwork(4)
    await source()
    pass(1)
    expect((await source()).number).toBe(1)
    pass(2)
    expect((await source()).number).toBe(2)
  })
})
