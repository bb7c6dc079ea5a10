// Who may tell of a change: real signatures hold, and not one of them does once anything is changed.

import { readFileSync } from 'node:fs'
import type { JWTPayload } from 'jose'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { isSignedByB2 } from '#shared/events/b2-signature.ts'
import { agreeToOrigin, createGridVerifier, validationCodeOf } from '#shared/events/event-grid.ts'
import { createPushVerifier } from '#shared/events/google-oidc.ts'
import { bearerOf, isSecret } from '#shared/events/secret.ts'
import type { SnsMessage } from '#shared/events/sns-signature.ts'
import {
  confirmSubscription,
  createSnsVerifier,
  stringToSign,
} from '#shared/events/sns-signature.ts'
import { headerOf, vectorOf, vectorText } from './vectors.ts'

const SECRET = 'a secret that both sides of it know'
const OTHER = 'another secret, which is the next one'

interface Signed {
  name: string
  message: Record<string, string>
  stringToSign: string
}

const { messages: real } = vectorOf('sns/messages.json') as { messages: Signed[] }
const own = vectorOf('sns/self-signed.json') as { messages: Signed[]; mustReject: unknown }
const messages = [...real, ...own.messages]

/** The certificates, as SNS keeps them; and every address that was asked. */
function certificates(answer?: (url: string) => Response | undefined) {
  const asked: string[] = []
  return {
    asked,
    fetch: async (input: string | URL) => {
      const url = new URL(input)
      asked.push(url.href)
      const file = new URL(`../vectors/sns${url.pathname}`, import.meta.url)
      return answer?.(url.href) ?? new Response(readFileSync(file))
    },
  }
}

function verifyAt(
  message: Record<string, string>,
  more: { topics?: string[]; lateMs?: number } = {},
) {
  const { topics = [message['TopicArn']!], lateMs = 1000 } = more
  const { fetch, asked } = certificates()
  const now = () => Date.parse(message['Timestamp']!) + lateMs
  const verify = createSnsVerifier({ topics, maxAgeSeconds: 7200 }, { now, fetch })
  const check = (changed: object = {}): Promise<SnsMessage | undefined> =>
    verify(JSON.stringify({ ...message, ...changed }))
  return { check, asked }
}

describe('SNS', () => {
  it.each(messages.map((one) => [one.name, one] as const))('%s holds', async (_, one) => {
    expect(stringToSign(one.message, one.message['Type']!)).toBe(one.stringToSign)
    const { check, asked } = verifyAt(one.message)
    expect(await check()).toMatchObject({ type: one.message['Type'] })
    await check()
    expect(asked).toEqual([one.message['SigningCertURL']])
  })

  const changes = [
    'Message',
    'MessageId',
    'Timestamp',
    'Signature',
    'Token',
    'SubscribeURL',
    'Type',
  ]
  it.each(messages.map((one) => [one.name, one] as const))(
    '%s, changed, does not',
    async (_, one) => {
      const { check } = verifyAt(one.message)
      const present = changes.filter((field) => one.message[field] !== undefined)
      expect(present.length).toBeGreaterThan(3)
      for (const field of present) {
        const value = one.message[field]!
        const changed = field === 'Timestamp' ? value.replace(/\.\d/, '.5') : `${value} `
        expect([field, await check({ [field]: field === 'Signature' ? 'AAAA' : changed })]).toEqual(
          [...[field, undefined]],
        )
      }
    },
  )

  const [{ message }] = own.messages as [Signed]

  it.each([
    'http://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem',
    'https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem',
    'https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem',
    'https://user@sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem',
    'https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-0.pem',
    'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem',
    'https://bucket.s3.amazonaws.com/SimpleNotificationService-0.pem',
    'https://sns.us-east-1.amazonaws.com/?Action=GetSomething&x=.pem',
    'https://sns.us-east-1.amazonaws.com/a/../b/c.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService.txt',
    'no address',
  ])('a certificate at %s is never asked for', async (SigningCertURL) => {
    const { check, asked } = verifyAt(message)
    expect(await check({ SigningCertURL })).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('a topic that is not named, a late message and one of tomorrow are refused, unasked', async () => {
    const stranger = verifyAt(message, { topics: ['arn:aws:sns:us-east-1:123456789012:mine'] })
    const late = verifyAt(message, { lateMs: 7_200_001 })
    const early = verifyAt(message, { lateMs: -300_001 })
    for (const { check, asked } of [stranger, late, early]) {
      expect(await check()).toBeUndefined()
      expect(asked).toEqual([])
    }
  })

  it('a subject that came on the way does not hold', async () => {
    const { check } = verifyAt(own.messages.find(({ message: one }) => !one['Subject'])!.message)
    expect(await verifyAt(message).check({ Subject: undefined })).toBeUndefined()
    expect(await check({ Subject: 'not signed' })).toBeUndefined()
  })

  it('a version that nobody knows, and no version, do not hold', async () => {
    const { check } = verifyAt(message)
    for (const SignatureVersion of ['3', '', undefined]) {
      expect(await check({ SignatureVersion })).toBeUndefined()
    }
    expect(await check({ SignatureVersion: '1' })).toBeUndefined()
  })

  it('raw delivery has no signature, whatever its headers say', async () => {
    const { fetch } = certificates(() => new Response('none', { status: 404 }))
    const outside = { now: () => Date.parse('2021-02-17'), fetch }
    const topics = ['arn:aws:sns:us-east-2:111122223333:s3-events']
    const verify = createSnsVerifier({ topics, maxAgeSeconds: 1e9 }, outside)
    expect(await verify(vectorText('events/aws/sns-http-raw-delivery.json'))).toBeUndefined()
    expect(await verify(vectorText('events/aws/sns-http-s3-put.json'))).toBeUndefined()
    expect(await verify('{')).toBeUndefined()
  })

  it('a certificate that is not there refuses; one that cannot be had now is our trouble', async () => {
    const now = () => Date.parse(message['Timestamp']!)
    const verify = (answer: () => Response) => {
      const { fetch } = certificates(answer)
      const rule = { topics: [message['TopicArn']!], maxAgeSeconds: 60 }
      return createSnsVerifier(rule, { now, fetch })(JSON.stringify(message))
    }
    expect(await verify(() => new Response('none', { status: 404 }))).toBeUndefined()
    expect(await verify(() => new Response('no certificate'))).toBeUndefined()
    expect(await verify(() => new Response('x'.repeat(30_000)))).toBeUndefined()
    await expect(verify(() => new Response('', { status: 503 }))).rejects.toMatchObject({
      kind: 'unavailable',
    })
    const broken = () => {
      throw new TypeError('fetch failed')
    }
    await expect(verify(broken)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('a subscription is confirmed at SNS alone', async () => {
    const confirmation = own.messages.find(
      ({ name }) => name === 'SubscriptionConfirmation',
    )!.message
    const verified = await verifyAt(confirmation).check()
    expect(verified?.confirmAt?.href).toBe(confirmation['SubscribeURL'])
    const { fetch, asked } = certificates(() => new Response('<Confirmed/>'))
    await confirmSubscription(verified!.confirmAt!, fetch)
    expect(asked).toEqual([confirmation['SubscribeURL']])
    const refused = certificates(() => new Response('', { status: 403 }))
    await expect(confirmSubscription(verified!.confirmAt!, refused.fetch)).rejects.toThrow('403')
  })
})

describe('Pub/Sub', () => {
  interface Case {
    name: string
    ok: boolean
    token: string
  }
  const vector = vectorOf('oidc/google-push-jwt.json') as {
    now: number
    expect: { audience: string; email: string }
    jwks: object
    cases: Case[]
  }
  const { audience, email } = vector.expect
  const asked: string[] = []
  const fetchKeys = async (url: string | URL) => {
    asked.push(String(url))
    return Response.json(vector.jwks)
  }
  const now = () => vector.now * 1000
  const rule = { audience, serviceAccount: email }
  const verify = createPushVerifier(rule, { now, fetch: fetchKeys })

  it.each(vector.cases.map((one) => [one.name, one] as const))('%s', async (_, { token, ok }) => {
    expect(await verify(token)).toBe(ok)
  })

  it('asks Google for its keys, and without a token nobody', async () => {
    const [{ token }] = vector.cases as [Case]
    expect(await verify(undefined)).toBe(false)
    expect(await verify('e30.e30.e30')).toBe(false)
    expect(await verify(token.slice(0, -4))).toBe(false)
    expect(new Set(asked)).toEqual(new Set(['https://www.googleapis.com/oauth2/v3/certs']))
  })

  it('keys that cannot be had are our trouble, and not the token’s', async () => {
    const [{ token }] = vector.cases as [Case]
    const fetch = async () => new Response('', { status: 500 })
    const blind = createPushVerifier(rule, { now, fetch })
    await expect(blind(token)).rejects.toMatchObject({ kind: 'unavailable' })
  })
})

describe('Event Grid', () => {
  const outside = { now: Date.now, fetch: () => Promise.reject(new Error('nobody is asked')) }
  const rule = { secrets: [SECRET, OTHER], entra: undefined }
  const from = (secret: string | undefined, headers: Record<string, string> = {}) => ({
    ...{ secret, header: headerOf(headers) },
  })

  it('knows the secret of its address, the old one and the new', async () => {
    const verify = createGridVerifier(rule, outside)
    expect(await verify(from(SECRET))).toBe(true)
    expect(await verify(from(OTHER))).toBe(true)
    for (const wrong of [undefined, '', `${SECRET} `, SECRET.slice(1)]) {
      expect(await verify(from(wrong))).toBe(false)
    }
  })

  it('knows its own token of Entra, of this tenant, for this audience', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }
    const asked: string[] = []
    const fetch = async (url: string | URL) => {
      asked.push(String(url))
      return Response.json({ keys: [jwk] })
    }
    const entra = { tenant: 'tenant', audience: 'skein', application: 'grid' }
    const issued = (claims: JWTPayload, issuer: string, audience = 'skein') =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .setIssuedAt()
        .setExpirationTime('1h')
        .setIssuer(issuer)
        .setAudience(audience)
        .sign(privateKey)
    const [v1, v2] = [
      'https://sts.windows.net/tenant/',
      'https://login.microsoftonline.com/tenant/v2.0',
    ]
    const verify = createGridVerifier({ secrets: [], entra }, { now: Date.now, fetch })
    const bearing = (token: string) => from(undefined, { authorization: `Bearer ${token}` })
    expect(await verify(bearing(await issued({ appid: 'grid' }, v1)))).toBe(true)
    expect(await verify(bearing(await issued({ azp: 'grid' }, v2)))).toBe(true)
    expect(asked).toEqual(['https://login.microsoftonline.com/tenant/discovery/v2.0/keys'])
    const others = [
      issued({ azp: 'another' }, v2),
      issued({}, v2),
      issued({ azp: 'grid' }, v2, 'another'),
      issued({ azp: 'grid' }, 'https://login.microsoftonline.com/other/v2.0'),
    ]
    for (const token of others) expect(await verify(bearing(await token))).toBe(false)
    expect(await verify(from(SECRET))).toBe(false)
    const both = createGridVerifier({ secrets: [SECRET], entra }, { now: Date.now, fetch })
    const right = { ...bearing(await issued({ azp: 'grid' }, v2)), secret: SECRET }
    expect(await both(right)).toBe(true)
    expect(await both({ ...right, secret: undefined })).toBe(false)
  })

  it('answers the handshake of its own schema with the code, and asks no address', () => {
    const { request, response } = vectorOf('events/azure/subscription-validation.json') as {
      request: { body: unknown[] }
      response: { body: { validationResponse: string } }
    }
    expect(validationCodeOf(request.body)).toBe(response.body.validationResponse)
    expect(validationCodeOf([...request.body, ...request.body])).toBeUndefined()
    expect(validationCodeOf(vectorOf('events/azure/eventgrid-created.json'))).toBeUndefined()
  })

  it("answers CloudEvents' handshake for its own origins alone", () => {
    const { request, response } = vectorOf(
      'events/azure/cloudevents-options-handshake.json',
    ) as Record<'request' | 'response', { headers: Record<string, string> }>
    const lower = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ])
    expect(agreeToOrigin(rule, from(SECRET, request.headers))).toEqual(Object.fromEntries(lower))
    expect(agreeToOrigin(rule, from('wrong', request.headers))).toBeUndefined()
    const origins = ['', 'evil.example', 'eventgrid.azure.net.evil.example', 'xeventgrid.azure.net']
    for (const origin of origins) {
      const headers = { ...request.headers, 'WebHook-Request-Origin': origin }
      expect(agreeToOrigin(rule, from(SECRET, headers))).toBeUndefined()
    }
  })
})

describe('B2', () => {
  const signed = vectorOf('b2-webhook/signed-upload.json') as {
    secret: string
    wrongSecret: string
    header: Record<string, string>
  }
  const body = readFileSync(new URL('../vectors/b2-webhook/signed-upload.body', import.meta.url))
  const header = signed.header['x-bz-event-notification-signature']!

  it('signs with the characters of the secret, old or new', () => {
    expect(isSignedByB2(body, header, [signed.secret])).toBe(true)
    expect(isSignedByB2(body, header, [signed.wrongSecret, signed.secret])).toBe(true)
    expect(isSignedByB2(body, header, [signed.wrongSecret])).toBe(false)
  })

  it('may list several signatures, and one is enough', () => {
    const zeros = `v1=${'0'.repeat(64)}`
    expect(isSignedByB2(body, `${zeros}, ${header}`, [signed.secret])).toBe(true)
    expect(isSignedByB2(body, header.toUpperCase().replace('V', 'v'), [signed.secret])).toBe(true)
  })

  it('signs these very bytes', () => {
    const spaced = Buffer.concat([body, Buffer.from('\n')])
    expect(isSignedByB2(spaced, header, [signed.secret])).toBe(false)
    for (const other of [undefined, '', 'v1=', header.replace('v1', 'v2'), header.slice(0, -1)]) {
      expect(isSignedByB2(body, other, [signed.secret])).toBe(false)
    }
  })
})

describe('a bearer', () => {
  it('has one of the secrets', () => {
    expect(bearerOf(`Bearer ${'x'.repeat(40)}`)).toBe('x'.repeat(40))
    expect([bearerOf('Basic abc'), bearerOf('Bearer'), bearerOf(undefined)]).toEqual([
      ...[undefined, undefined, undefined],
    ])
    expect(isSecret(SECRET, [OTHER, SECRET])).toBe(true)
    expect(isSecret(undefined, [''])).toBe(false)
    expect(isSecret(SECRET, [])).toBe(false)
  })
})
