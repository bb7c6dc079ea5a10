/** POST policies: Google's conformance vectors, then every condition that a form can break. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Harness, Reply } from './harness.ts'
import { jsonOf, signText, stamp, startHarness } from './harness.ts'

const VECTORS = new URL('../../vectors/gcs-v4/', import.meta.url)

function formBody(fields: Record<string, string>, file?: string) {
  const lines = Object.entries(fields).map(
    ([name, value]) => `--F\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const disposition = 'Content-Disposition: form-data; name="file"; filename="given.txt"'
  const last = file === undefined ? '' : `--F\r\n${disposition}\r\n\r\n${file}\r\n`
  return `${lines.join('')}${last}--F--\r\n`
}

function post(harness: Harness, bucket: string, body: string, host?: string): Promise<Reply> {
  return harness.raw({
    method: 'POST',
    target: `/${bucket}/`,
    headers: { 'content-type': 'multipart/form-data; boundary=F', ...(host ? { host } : {}) },
    body,
  })
}

interface PolicyVector {
  readonly description: string
  readonly policyInput: { bucket: string; timestamp: string }
  readonly policyOutput: { fields: Record<string, string> }
}

describe('conformance vectors', () => {
  const read = (name: string) => JSON.parse(readFileSync(new URL(name, VECTORS), 'utf8'))
  const vectors: PolicyVector[] = read('v4_signatures.json').postPolicyV4Tests
  let harness: Harness
  let nowMs = 0

  beforeAll(async () => {
    const account = read('test_service_account.not-a-test.json')
    const lines = String(account.private_key_pkcs8_base64).match(/.{1,64}/g) ?? []
    const frame = (edge: string) => `-----${edge} PRIVATE KEY-----`
    const privateKeyPem = [frame('BEGIN'), ...lines, frame('END'), ''].join('\n')
    const clientEmail = String(account.client_email)
    harness = await startHarness({
      serviceAccounts: [{ clientEmail, privateKeyPem }],
      now: () => nowMs,
    })
  })

  afterAll(async () => {
    await harness.server.close()
  })

  it.each(vectors.map((vector) => [vector.description, vector] as const))(
    '%s',
    async (_, vector) => {
      nowMs = Date.parse(vector.policyInput.timestamp) + 1000
      const { bucket } = vector.policyInput
      const isAcl = vector.description === 'POST Policy ACL matching'
      const acl: Record<string, string> = isAcl ? { acl: 'public-read' } : {}
      const fields = { ...vector.policyOutput.fields, ...acl }
      const file = 'x'.repeat(256)
      await harness.control('POST', 'buckets', { name: bucket })
      const reply = await post(harness, bucket, formBody(fields, file))
      const redirect = fields['success_action_redirect']
      const status = Number(fields['success_action_status'] ?? (redirect ? 303 : 204))
      expect([reply.status, reply.text.includes('Error')]).toEqual([status, false])
      const forged = { ...fields, 'x-goog-signature': `00${fields['x-goog-signature']?.slice(2)}` }
      expect((await post(harness, bucket, formBody(forged, file))).status).toBe(403)
    },
  )

  it('are all there', () => {
    expect(vectors).toHaveLength(11)
  })
})

describe('a policy', () => {
  let harness: Harness

  beforeAll(async () => {
    harness = await startHarness()
    await harness.control('POST', 'buckets', { name: 'forms' })
  })

  afterAll(async () => {
    await harness.server.close()
  })

  interface Wanted {
    readonly fields?: Record<string, string>
    readonly conditions?: unknown[]
    readonly file?: string
    readonly expiration?: string
    readonly kind?: 'goog' | 'aws' | 'rsa'
  }

  /** Signs the conditions given, those of the usual fields, and sends the form. */
  function send(wanted: Wanted): Promise<Reply> {
    const { hmac, serviceAccount } = harness.server
    const { kind = 'goog' } = wanted
    const vendor = kind === 'aws' ? 'x-amz' : 'x-goog'
    const date = stamp(Date.now())
    const tail = kind === 'aws' ? 'auto/s3/aws4_request' : 'auto/storage/goog4_request'
    const scope = `${date.slice(0, 8)}/${tail}`
    const id = kind === 'rsa' ? serviceAccount.client_email : hmac.accessId
    const algorithm = {
      goog: 'GOOG4-HMAC-SHA256',
      aws: 'AWS4-HMAC-SHA256',
      rsa: 'GOOG4-RSA-SHA256',
    }
    const signed = {
      [`${vendor}-algorithm`]: algorithm[kind],
      [`${vendor}-credential`]: `${id}/${scope}`,
      [`${vendor}-date`]: date,
    }
    const usual = Object.entries(signed).map(([name, value]) => ({ [name]: value }))
    const document = {
      conditions: [...(wanted.conditions ?? [{ key: 'k' }]), { bucket: 'forms' }, ...usual],
      expiration: wanted.expiration ?? new Date(Date.now() + 60_000).toISOString(),
    }
    const policy = Buffer.from(JSON.stringify(document)).toString('base64')
    const key =
      kind === 'rsa'
        ? { kind, id, pem: serviceAccount.private_key }
        : { kind, id, secret: hmac.secret }
    const signature = signText(key, scope, policy)
    const fields = {
      key: 'k',
      ...wanted.fields,
      ...signed,
      policy,
      [`${vendor}-signature`]: signature,
    }
    return post(harness, 'forms', formBody(fields, wanted.file ?? 'hello'))
  }

  function expectRefusal(reply: Reply, status: number, code: string) {
    expect(reply.text).toContain(`<Code>${code}</Code>`)
    expect(reply.status).toBe(status)
  }

  it.each(['rsa', 'goog', 'aws'] as const)('may be signed with %s', async (kind) => {
    expect((await send({ kind })).status).toBe(204)
  })

  it('stores the file with the form’s attributes', async () => {
    const fields = {
      key: 'dir/${filename}',
      'Content-Type': 'text/css',
      'x-goog-meta-a': 'b',
      success_action_status: '201',
      'x-ignore-this': 'anything',
    }
    const conditions = [
      ['starts-with', '$key', 'dir/'],
      ['starts-with', '$Content-Type', 'text/'],
      ['eq', '$x-goog-meta-a', 'b'],
      { success_action_status: '201' },
    ]
    const reply = await send({ fields, conditions })
    expect(reply.status).toBe(201)
    expect(reply.text).toContain('<Key>dir/given.txt</Key>')
    const stored = await harness.api({ target: '/storage/v1/b/forms/o/dir%2Fgiven.txt' })
    expect(jsonOf(stored)).toMatchObject({
      contentType: 'text/css',
      metadata: { a: 'b' },
      size: '5',
    })
  })

  it('refuses what breaks a condition, or is in none', async () => {
    const other = await send({ fields: { key: 'other' } })
    expectRefusal(other, 400, 'InvalidPolicyDocument')
    const prefix = await send({ conditions: [['starts-with', '$key', 'dir/']] })
    expectRefusal(prefix, 400, 'InvalidPolicyDocument')
    const extra = await send({ fields: { 'x-goog-meta-a': 'b' } })
    expectRefusal(extra, 400, 'InvalidPolicyDocument')
    const absent = await send({ conditions: [{ key: 'k' }, { 'content-type': 'text/css' }] })
    expectRefusal(absent, 400, 'InvalidPolicyDocument')
    const unknown = await send({ conditions: [{ key: 'k' }, ['matches', '$key', 'k']] })
    expectRefusal(unknown, 400, 'InvalidPolicyDocument')
  })

  it('keeps to its size range', async () => {
    const conditions = [{ key: 'k' }, ['content-length-range', 2, 4]]
    expectRefusal(await send({ conditions, file: 'a' }), 400, 'EntityTooSmall')
    expectRefusal(await send({ conditions, file: 'abcde' }), 400, 'EntityTooLarge')
    expect((await send({ conditions, file: 'abcd' })).status).toBe(204)
  })

  it('ends, and needs a signature, a key, a file and a bucket', async () => {
    expectRefusal(await send({ expiration: '2020-01-01T00:00:00Z' }), 400, 'ExpiredToken')
    expectRefusal(await post(harness, 'forms', formBody({ key: 'k' }, 'x')), 403, 'AccessDenied')
    const noKey = await post(harness, 'forms', formBody({ policy: 'e30=' }, 'x'))
    expectRefusal(noKey, 400, 'InvalidPolicyDocument')
    const noFile = await post(harness, 'forms', formBody({ key: 'k' }))
    expectRefusal(noFile, 400, 'InvalidPolicyDocument')
    const elsewhere = await post(harness, 'none-such', formBody({ key: 'k' }, 'x'))
    expectRefusal(elsewhere, 404, 'NoSuchBucket')
  })
})
