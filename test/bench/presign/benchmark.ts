// Signed URLs a second: ours through the whole store, against the official SDKs and aws4fetch, in Node and in
// workerd. All sides take turns in every round, so that whatever else the machine does falls on all of them.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { Check, Outcome, Result } from '../report.ts'
import { atLeast, median, round } from '../report.ts'
import type { Runtime } from './runtimes.ts'
import { openNode, openWorkerd } from './runtimes.ts'
import type { Keys } from './work.ts'

const ROUNDS = 9
const BATCH_SECONDS = 0.15
const WARM_UP_SECONDS = 0.5
const WARM_UP_CALLS = 3000
const IN_FLIGHT = [1, 16] as const

/** Held against each other, and what each URL must show to be the same work as the other. */
const SIDES: Record<string, { names: readonly string[]; shows: readonly RegExp[] }> = {
  s3: {
    names: ['skein', 'getSignedUrl', 'aws4fetch', 'S3RequestPresigner'],
    shows: [
      /^https:\/\/examplebucket\.s3\.eu-central-1\.amazonaws\.com\/uploads\/sample\.png\?/,
      /X-Amz-SignedHeaders=content-type(%3B|;)host/,
      /X-Amz-Expires=900/,
    ],
  },
  gcs_rsa: {
    names: ['skein', 'sdk'],
    shows: [/X-Goog-SignedHeaders=content-type%3Bhost/, /GOOG4-RSA-SHA256/],
  },
  gcs_hmac: { names: ['skein'], shows: [/X-Goog-SignedHeaders=content-type%3Bhost/, /GOOG4-HMAC/] },
  azure: { names: ['skein', 'sdk'], shows: [/sp=cw/, /sig=/] },
}

/** URLs a second, by side and number in flight. */
type Rates = Map<string, Map<number, number>>

export async function presign(tell: (line: string) => void): Promise<Outcome> {
  const keys = makeKeys()
  const rates = new Map<Runtime['name'], Rates>()
  for (const open of [openNode, openWorkerd]) {
    const runtime = await open(keys)
    try {
      tell(`${runtime.name}: ${ROUNDS} rounds`)
      rates.set(runtime.name, await measure(runtime))
    } finally {
      await runtime.close()
    }
  }
  return { checks: checksOf(rates), results: [...rates].flatMap(([name, all]) => rows(name, all)) }
}

function makeKeys(): Keys {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return {
    s3: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: randomBytes(30).toString('base64'),
    },
    gcs: {
      clientEmail: 'bench@example.iam.gserviceaccount.com',
      privateKey,
      accessKeyId: 'GOOG1EXAMPLE',
      secretAccessKey: randomBytes(30).toString('base64'),
    },
    azure: { account: 'examplebench', accountKey: randomBytes(64).toString('base64') },
  }
}

async function measure(runtime: Runtime): Promise<Rates> {
  const sides = Object.entries(SIDES).flatMap(([group, { names, shows }]) =>
    names
      .map((name) => ({ side: `${group}.${name}`, shows }))
      .filter(({ side }) => runtime.has(side)),
  )
  const turns: { side: string; inFlight: number; count: number; rates: number[] }[] = []
  for (const { side, shows } of sides) {
    await checkSample(runtime, side, shows)
    for (const inFlight of IN_FLIGHT) {
      turns.push({ side, inFlight, count: await warmUp(runtime, side, inFlight), rates: [] })
    }
  }
  for (let i = 0; i < ROUNDS; i++) {
    for (const turn of turns) {
      const seconds = await runtime.seconds(turn.side, turn.count, turn.inFlight)
      turn.rates.push(turn.count / seconds)
    }
  }
  const rates: Rates = new Map(sides.map(({ side }) => [side, new Map()]))
  for (const turn of turns) rates.get(turn.side)?.set(turn.inFlight, median(turn.rates))
  return rates
}

async function checkSample(
  runtime: Runtime,
  side: string,
  shows: readonly RegExp[],
): Promise<void> {
  const url = await runtime.sample(side)
  for (const sign of shows) {
    if (!sign.test(url)) throw new Error(`${side} in ${runtime.name} signs other work: no ${sign}`)
  }
}

/** Until its code is compiled, however busy the machine; then how many URLs a batch takes. */
async function warmUp(runtime: Runtime, side: string, inFlight: number): Promise<number> {
  let count = 16
  let calls = 0
  let spent = 0
  let best = 0
  while (spent < WARM_UP_SECONDS || calls < WARM_UP_CALLS) {
    const seconds = Math.max(await runtime.seconds(side, count, inFlight), 1e-4)
    spent += seconds
    calls += count
    best = Math.max(best, count / seconds)
    count = Math.min(Math.ceil(best * BATCH_SECONDS), count * 8)
  }
  return Math.ceil(best * BATCH_SECONDS)
}

function rows(runtime: string, rates: Rates): Result[] {
  return [...rates].map(([side, byFlight]) => ({
    runtime,
    side,
    urls_per_second: round(byFlight.get(1) ?? Number.NaN),
    with_16_in_flight: round(byFlight.get(16) ?? Number.NaN),
  }))
}

function checksOf(all: Map<Runtime['name'], Rates>): Check[] {
  const versus = (runtime: Runtime['name'], ours: string, peer: string) => {
    const rates = all.get(runtime)
    return againstBest(rates?.get(ours), rates?.get(peer))
  }
  return [
    ...(['node', 'workerd'] as const).flatMap((runtime) => [
      atLeast(`s3.${runtime}.vs_getSignedUrl`, versus(runtime, 's3.skein', 's3.getSignedUrl'), 8),
      atLeast(`s3.${runtime}.vs_aws4fetch`, versus(runtime, 's3.skein', 's3.aws4fetch'), 3),
    ]),
    atLeast('gcs_rsa.node.vs_sdk', versus('node', 'gcs_rsa.skein', 'gcs_rsa.sdk'), 1.5),
    atLeast('gcs_hmac.node.vs_sdk', versus('node', 'gcs_hmac.skein', 'gcs_rsa.sdk'), 10),
    atLeast('azure.node.vs_sdk', versus('node', 'azure.skein', 'azure.sdk'), 1),
  ]
}

/** At the number in flight that suits the peer better, both at that number. */
function againstBest(
  ours: Map<number, number> | undefined,
  peer: Map<number, number> | undefined,
): number {
  const [inFlight, rate] = [...(peer ?? [])].toSorted(([, a], [, b]) => b - a)[0] ?? [1, Number.NaN]
  return (ours?.get(inFlight) ?? Number.NaN) / rate
}
