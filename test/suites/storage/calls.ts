// Aborts, time limits and retries: each call ends when it is told to, tries again where that can do no
// harm, and says when its outcome is not known.

import assert from 'node:assert/strict'
import type { StoreOptions } from '#shared/storage/options.ts'
import { claims, group, hasControl, under, when } from './case.ts'
import type { Fault } from './control.ts'
import { bytesOf, readAll, sameBytes, textBytes } from './content.ts'
import { rejectsWith } from './expect.ts'
import type { Harness } from './harness.ts'

const SLOW_DOWN = { status: 503, code: 'SlowDown', reason: 'backendError' }
const TOO_MANY = { status: 429, code: 'TooManyRequests', reason: 'rateLimitExceeded' }
const BROKEN = { status: 500, code: 'InternalError', reason: 'internalError' }
const IMPATIENT: StoreOptions = { timeouts: { requestSeconds: 0.3 } }

/** The faults last for one case, however it ends. */
async function withFaults(
  harness: Harness,
  faults: Fault[],
  run: () => Promise<void>,
): Promise<void> {
  await harness.control?.clear()
  await harness.control?.fault(...faults)
  try {
    await run()
  } finally {
    await harness.control?.clear()
  }
}

async function requestsOf(harness: Harness, method: string): Promise<number> {
  const all = (await harness.control?.requests()) ?? []
  return all.filter((request) => request.method === method).length
}

const writes = (times: number, action: Fault['action']): Fault[] =>
  ['PUT', 'POST'].map((method) => ({ method, times, action }))

const aborts = group('abort', {
  async 'a signal that is aborted makes no request'(harness) {
    const store = harness.open()
    await harness.control?.clear()
    const signal = AbortSignal.abort()
    await assert.rejects(store.get('key', { signal }))
    await assert.rejects(store.put('key', 'x', { signal }))
    await assert.rejects(store.list({ signal }))
    assert.deepEqual((await harness.control?.requests()) ?? [], [])
  },

  'an abort ends a call that hangs': when(hasControl, async (harness) => {
    const store = harness.open()
    await withFaults(harness, [{ times: 1, action: { hang: true } }], async () => {
      const abort = new AbortController()
      const call = store.head('key', { signal: abort.signal })
      await arrived(harness)
      abort.abort()
      await assert.rejects(call)
    })
  }),

  async 'an abort ends a body on its way'(harness) {
    const store = harness.open()
    await store.put('key', bytesOf(4_000_000))
    const abort = new AbortController()
    const { body } = await store.get('key', { signal: abort.signal })
    const reader = body.getReader()
    await reader.read()
    abort.abort()
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    })
  },
})

/** Waits until the hanging request has reached the server, which logs it when it comes. */
async function arrived(harness: Harness): Promise<void> {
  while (((await harness.control?.requests()) ?? []).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const limits = under(
  hasControl,
  group('time limits', {
    async 'a store that does not answer is unavailable'(harness) {
      const store = harness.open({ options: { ...IMPATIENT, retry: { attempts: 1 } } })
      await withFaults(harness, [{ times: 1, action: { hang: true } }], async () => {
        const error = await rejectsWith('unavailable', () => store.head('key'))
        assert.equal(error.retry, 'later')
      })
    },

    async 'a call that timed out is tried again'(harness) {
      const store = harness.open({ options: IMPATIENT })
      await store.put('key', 'x')
      await withFaults(harness, [{ times: 1, action: { hang: true } }], async () => {
        assert.equal((await store.head('key')).size, 1)
      })
    },

    async 'a read that does not begin is asked for again'(harness) {
      const store = harness.open({ options: IMPATIENT })
      const bytes = bytesOf(100_000)
      await store.put('key', bytes)
      await withFaults(harness, [{ method: 'GET', times: 1, action: { hang: true } }], async () => {
        sameBytes(await readAll((await store.get('key')).body), bytes)
      })
    },
  }),
)

const retries = under(
  hasControl,
  group('retries', {
    async 'a store that asks to slow down is asked again'(harness) {
      const store = harness.open()
      await withFaults(harness, writes(2, SLOW_DOWN), async () => {
        await store.put('key', 'x')
      })
      for (const action of [SLOW_DOWN, TOO_MANY, BROKEN]) {
        await withFaults(harness, [{ times: 2, action }], async () => {
          sameBytes(await readAll((await store.get('key')).body), textBytes('x'))
        })
        await withFaults(harness, [{ times: 2, action }], async () => {
          assert.equal((await store.list()).objects.length, 1)
        })
      }
    },

    async 'and at last it is throttled'(harness) {
      const store = harness.open({ options: { retry: { attempts: 2, delaySeconds: 0.01 } } })
      const action = { ...TOO_MANY, retryAfter: 0 }
      await withFaults(harness, [{ times: 5, action }], async () => {
        const error = await rejectsWith('throttled', () => store.list())
        assert.equal(error.retry, 'later')
        assert.equal(error.status, 429)
        assert.equal(await requestsOf(harness, 'GET'), 2)
      })
    },

    async 'Retry-After is told'(harness) {
      const store = harness.open({ options: { retry: { attempts: 1 } } })
      await withFaults(
        harness,
        [{ times: 1, action: { ...SLOW_DOWN, retryAfter: 7 } }],
        async () => {
          const error = await rejectsWith(['throttled', 'unavailable'], () => store.list())
          assert.equal(error.retryAfterSeconds, 7)
        },
      )
    },

    async 'a lost answer to a plain write is asked for again'(harness) {
      const store = harness.open()
      await withFaults(harness, writes(1, { loseAnswer: true }), async () => {
        await store.put('key', 'x')
        sameBytes(await readAll((await store.get('key')).body), textBytes('x'))
      })
    },

    'a lost answer to a create is ambiguous and not tried again': when(
      claims(({ put }) => put.create),
      async (harness) => {
        const store = harness.open()
        await withFaults(harness, writes(1, { loseAnswer: true }), async () => {
          const error = await rejectsWith('unavailable', () =>
            store.put('key', 'x', { mode: 'create' }),
          )
          assert.equal(error.ambiguous, true)
          const sent = (await requestsOf(harness, 'PUT')) + (await requestsOf(harness, 'POST'))
          assert.equal(sent, 1)
        })
        assert.equal((await store.head('key')).size, 1)
      },
    ),

    'a lost answer to a commit is no lost object': when(
      claims(({ multipart }) => multipart !== null),
      async (harness) => {
        const store = harness.open()
        const { multipart } = store.groups
        const id = await multipart.begin('key')
        const part = await multipart.part('key', id, 1, textBytes('committed'))
        const lost: Fault = { method: 'POST', times: 1, action: { loseAnswer: true } }
        await withFaults(harness, [lost], async () => {
          const { size } = await multipart.complete('key', id, [part])
          assert.equal(size, 9)
        })
        sameBytes(await readAll((await store.get('key')).body), textBytes('committed'))
      },
    ),

    async 'a stream cannot be sent again'(harness) {
      const store = harness.open()
      const stream = new Blob(['once']).stream()
      await withFaults(harness, writes(1, SLOW_DOWN), async () => {
        await rejectsWith(['throttled', 'unavailable'], () => store.put('key', stream, { size: 4 }))
      })
    },

    async 'a refusal is not tried again'(harness) {
      const store = harness.open()
      await harness.control?.clear()
      await rejectsWith('not-found', () => store.head('absent'))
      const seen = (await harness.control?.requests()) ?? []
      assert.equal(seen.length, 1)
    },
  }),
)

export const callCases = [...aborts, ...limits, ...retries]
