/** Rewrite, copy and compose over raw requests: tokens, conditions and refusals. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeCrc32c, updateCrc32c } from './crc32c.ts'
import type { Harness, Reply } from './harness.ts'
import { jsonOf, startHarness } from './harness.ts'

const MIB = 1024 * 1024
let harness: Harness

beforeAll(async () => {
  harness = await startHarness()
  for (const name of ['from', 'target']) await harness.control('POST', 'buckets', { name })
})

afterAll(async () => {
  await harness.server.close()
})

function post(path: string, query: Record<string, string> = {}, body?: object): Promise<Reply> {
  const target = `/storage/v1/b/${path}?${new URLSearchParams(query)}`
  return harness.api({ method: 'POST', target, body: body ? JSON.stringify(body) : '' })
}

function reasonOf(reply: Reply) {
  return [reply.status, jsonOf(reply).error?.errors[0].reason]
}

describe('rewrite', () => {
  const call = { maxBytesRewrittenPerCall: String(MIB) }

  it('takes as many calls as the bytes need', async () => {
    const bytes = randomBytes(2 * MIB + 5)
    await harness.put('from', 'large', bytes)
    const path = 'from/o/large/rewriteTo/b/target/o/large'
    const first = jsonOf(
      await post(path, call, { contentType: 'text/plain', storageClass: 'ARCHIVE' }),
    )
    expect(first).toMatchObject({ done: false, totalBytesRewritten: String(MIB) })
    expect((await harness.api({ target: '/storage/v1/b/target/o/large' })).status).toBe(404)
    const { rewriteToken } = first
    const second = jsonOf(await post(path, { ...call, rewriteToken }))
    expect(second.totalBytesRewritten).toBe(String(2 * MIB))
    const last = jsonOf(await post(path, { ...call, rewriteToken }))
    expect(last).toMatchObject({
      done: true,
      resource: { contentType: 'text/plain', storageClass: 'ARCHIVE', size: String(bytes.length) },
    })
    expect(last).not.toHaveProperty('rewriteToken')
    const read = await harness.api({ target: '/storage/v1/b/target/o/large?alt=media' })
    expect(read.body.equals(bytes)).toBe(true)
    expect(reasonOf(await post(path, { ...call, rewriteToken }))).toEqual([400, 'invalid'])
  })

  it('binds its token to the request and to the source’s generation', async () => {
    await harness.put('from', 'bound', randomBytes(MIB + 1))
    const path = 'from/o/bound/rewriteTo/b/target/o/bound'
    const { rewriteToken } = jsonOf(await post(path, call))
    const elsewhere = path.replace('target/o/bound', 'target/o/else')
    expect(reasonOf(await post(elsewhere, { rewriteToken }))).toEqual([400, 'invalid'])
    const other = await post(path, { rewriteToken }, { contentType: 'text/html' })
    expect(reasonOf(other)).toEqual([400, 'invalid'])
    const condition = await post(path, { rewriteToken, ifGenerationMatch: '0' })
    expect(reasonOf(condition)).toEqual([400, 'invalid'])
    await harness.put('from', 'bound', randomBytes(MIB + 1))
    expect(reasonOf(await post(path, { rewriteToken }))).toEqual([400, 'invalid'])
  })

  it('holds conditions on both sides, at every call', async () => {
    const { generation } = await harness.put('from', 'cond', randomBytes(MIB + 1))
    const path = 'from/o/cond/rewriteTo/b/target/o/cond'
    const wrong = await post(path, { ifSourceGenerationMatch: '1' })
    expect(reasonOf(wrong)).toEqual([412, 'conditionNotMet'])
    const query = { ...call, ifGenerationMatch: '0', ifSourceGenerationMatch: String(generation) }
    const { rewriteToken } = jsonOf(await post(path, query))
    await harness.put('target', 'cond', 'in between')
    const late = await post(path, { ...query, rewriteToken })
    expect(reasonOf(late)).toEqual([412, 'conditionNotMet'])
  })

  it('refuses an odd number of bytes a call, and a source that is not there', async () => {
    await harness.put('from', 'small', 'x')
    const path = 'from/o/small/rewriteTo/b/target/o/small'
    expect(reasonOf(await post(path, { maxBytesRewrittenPerCall: '1000' }))).toEqual([
      400,
      'invalid',
    ])
    expect(reasonOf(await post('from/o/none/rewriteTo/b/target/o/x'))).toEqual([404, 'notFound'])
    expect(reasonOf(await post('from/o/small/rewriteTo/b/none-such/o/x'))).toEqual([
      404,
      'notFound',
    ])
  })

  it('lets attributes travel, and holds stay', async () => {
    await harness.put('from', 'dressed', 'x')
    const body = JSON.stringify({ metadata: { a: 'b' }, eventBasedHold: true })
    await harness.api({ method: 'PATCH', target: '/storage/v1/b/from/o/dressed', body })
    const { resource } = jsonOf(await post('from/o/dressed/rewriteTo/b/target/o/dressed'))
    expect(resource.metadata).toEqual({ a: 'b' })
    expect(resource).not.toHaveProperty('eventBasedHold')
    const bare = jsonOf(
      await post('from/o/dressed/copyTo/b/target/o/bare', {}, { contentType: 'a/b' }),
    )
    expect(bare).toMatchObject({ name: 'bare', contentType: 'a/b' })
    expect(bare).not.toHaveProperty('metadata')
  })
})

describe('compose', () => {
  it('joins components, with a CRC-32C and no MD5', async () => {
    const parts = [randomBytes(1000), randomBytes(1), randomBytes(70_000)]
    for (const [at, bytes] of parts.entries()) await harness.put('from', `part${at}`, bytes)
    const sourceObjects = parts.map((_, at) => ({ name: `part${at}` }))
    const destination = { contentType: 'video/mp4' }
    const reply = jsonOf(await post('from/o/whole/compose', {}, { sourceObjects, destination }))
    const whole = Buffer.concat(parts)
    expect(reply).toMatchObject({
      componentCount: 3,
      size: String(whole.length),
      crc32c: encodeCrc32c(updateCrc32c(0, whole)),
      contentType: 'video/mp4',
    })
    expect(reply).not.toHaveProperty('md5Hash')
    const again = { sourceObjects: [{ name: 'whole' }, { name: 'part0' }] }
    expect(jsonOf(await post('from/o/whole/compose', {}, again)).componentCount).toBe(4)
  })

  it('refuses none, 33, a missing one, a changed one and mixed classes', async () => {
    const { generation } = await harness.put('from', 'one', 'x')
    const compose = (sourceObjects: object[], query = {}) =>
      post('from/o/refused/compose', query, { sourceObjects })
    expect(reasonOf(await compose([]))).toEqual([400, 'required'])
    const many = Array.from({ length: 33 }, () => ({ name: 'one' }))
    expect(reasonOf(await compose(many))).toEqual([400, 'invalid'])
    expect((await compose(many.slice(1))).status).toBe(200)
    expect(reasonOf(await compose([{ name: 'absent' }]))).toEqual([404, 'notFound'])
    const conditional = (ifGenerationMatch: unknown) =>
      compose([{ name: 'one', objectPreconditions: { ifGenerationMatch } }])
    expect(reasonOf(await conditional('1'))).toEqual([412, 'conditionNotMet'])
    expect((await conditional(generation)).status).toBe(200)
    const create = await compose([{ name: 'one' }], { ifGenerationMatch: '0' })
    expect(reasonOf(create)).toEqual([412, 'conditionNotMet'])
    await post('from/o/one/rewriteTo/b/from/o/cold', {}, { storageClass: 'COLDLINE' })
    expect(reasonOf(await compose([{ name: 'one' }, { name: 'cold' }]))).toEqual([400, 'invalid'])
  })
})
