// The headers of answers against the web's own class, and signals that follow others for a while.

import { describe, expect, it } from 'vitest'
import { toAnswerHeaders } from '#shared/wire/answer-headers.ts'
import { following } from '#shared/wire/following.ts'
import { bytesOfStream, textOfStream } from '#shared/wire/whole-stream.ts'

const RAW = ['ETag', '"a"', 'x-amz-meta-A', '1', 'X-Amz-Meta-a', '2', 'Empty', '', 'etag', '"b"']

describe('headers of an answer', () => {
  const ours = toAnswerHeaders(RAW)
  const native = new Headers()
  for (let i = 0; i < RAW.length; i += 2) native.append(RAW[i]!, RAW[i + 1]!)

  it.each(['etag', 'ETAG', 'x-amz-meta-a', 'empty', 'absent'])('say %s as the web’s do', (name) => {
    expect(ours.get(name)).toBe(native.get(name))
    expect(ours.has(name)).toBe(native.has(name))
  })

  it('are the same pairs', () => {
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(native))
  })
})

describe('a signal that follows another', () => {
  it('is aborted with it, for its reason', () => {
    const [outer, own] = [new AbortController(), new AbortController()]
    following(own, outer.signal)
    const reason = new Error('enough')
    outer.abort(reason)
    expect(own.signal.reason).toBe(reason)
  })

  it('is aborted at once where that one is', () => {
    const own = new AbortController()
    following(own, AbortSignal.abort(new Error('before')))
    expect(own.signal.reason).toMatchObject({ message: 'before' })
  })

  it('goes on alone once it follows no more', () => {
    const [outer, own] = [new AbortController(), new AbortController()]
    following(own, outer.signal)()
    outer.abort()
    expect(own.signal.aborted).toBe(false)
    following(own, undefined)()
    expect(own.signal.aborted).toBe(false)
  })
})

it('a stream is read whole, whatever its pieces', async () => {
  const bytes = new TextEncoder().encode('größer, 日本語')
  const pieces = (...all: number[]) => {
    return new Blob(all.map((byte) => Uint8Array.of(byte))).stream()
  }
  expect(await bytesOfStream(pieces(...bytes))).toEqual(bytes)
  expect(await textOfStream(pieces(...bytes))).toBe('größer, 日本語')
  expect(await textOfStream(pieces())).toBe('')
})
