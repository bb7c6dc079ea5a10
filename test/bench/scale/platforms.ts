// The platforms' own limits and prices, as they say themselves. What is marked (u) is general knowledge that no page
// at hand confirmed.

export interface PlatformLimits {
  name: string
  queue: {
    name: string
    /** Messages a second through one queue; undefined where the vendor knows no bound. */
    perSecond: number | undefined
    /** Calls that are billed for one message: sent, received, deleted. */
    callsAMessage: number
    usdPerMillionCalls: number
  }
  functions: {
    name: string
    /** Messages that one invocation is handed, and how many of them one instance has in hand. */
    batch: number
    inHand: number
    /** Copies at a time: fewer where connections are counted. */
    copies: number
    cores: number
    memoryGb: number
    mostAtOnce: number
    /** Of requests to the API; undefined where there is no such count. */
    apiInHand: number | undefined
    /** What the API runs on counts among `mostAtOnce` as well. */
    apiCounts: boolean
    usdPerMillionInvocations: number
    /** While an instance works, or for the time its processor worked. */
    usdPerGbSecond: number
    usdPerMillionCpuMs: number
  }
  sources: readonly string[]
}

/** As serverless.yml has it: 512 MB, batches of ten. A whole core comes with 1,769 MB. */
const LAMBDA: PlatformLimits = {
  name: 'AWS Lambda, SQS',
  queue: {
    name: 'SQS standard',
    perSecond: undefined,
    callsAMessage: 1.2,
    usdPerMillionCalls: 0.4,
  },
  functions: {
    ...{ name: 'consumer, 512 MB arm64', batch: 10, inHand: 10, copies: 10 },
    ...{ cores: 512 / 1769, memoryGb: 0.5, mostAtOnce: 1000 },
    ...{ apiInHand: 1, apiCounts: true },
    ...{ usdPerMillionInvocations: 0.2, usdPerGbSecond: 0.0000133334, usdPerMillionCpuMs: 0 },
  },
  sources: [
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
    'https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html (u)',
    'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (u): 1,000 at once in an account, more on request',
    'https://aws.amazon.com/lambda/pricing/, https://aws.amazon.com/sqs/pricing/',
  ],
}

/** host.json leaves the trigger at its own sixteen, and eight more as they end; one message an invocation. */
const AZURE: PlatformLimits = {
  name: 'Azure Functions, Storage queue',
  queue: {
    ...{ name: 'Storage queue', perSecond: 2000, callsAMessage: 2 + 1 / 16 },
    usdPerMillionCalls: 0.04,
  },
  functions: {
    ...{ name: 'Flex Consumption, 2,048 MB', batch: 1, inHand: 24, copies: 24 },
    ...{ cores: 1, memoryGb: 2, mostAtOnce: 1000 },
    ...{ apiInHand: 16, apiCounts: false },
    ...{ usdPerMillionInvocations: 0.4, usdPerGbSecond: 0.000026, usdPerMillionCpuMs: 0 },
  },
  sources: [
    'https://learn.microsoft.com/en-us/azure/storage/queues/scalability-targets',
    'https://learn.microsoft.com/en-us/azure/azure-functions/flex-consumption-plan',
    'https://azure.microsoft.com/en-us/pricing/details/functions/ (second hand), …/storage/queues/ (u)',
  ],
}

/** As wrangler.toml has it. Of six connections a copy holds two. */
const CLOUDFLARE: PlatformLimits = {
  name: 'Cloudflare Workers, Queues',
  queue: { name: 'Queues', perSecond: 5000, callsAMessage: 3, usdPerMillionCalls: 0.4 },
  functions: {
    ...{ name: 'consumer', batch: 10, inHand: 10, copies: 3 },
    ...{ cores: 1, memoryGb: 0.128, mostAtOnce: 250 },
    ...{ apiInHand: undefined, apiCounts: false },
    ...{ usdPerMillionInvocations: 0.3, usdPerGbSecond: 0, usdPerMillionCpuMs: 0.02 },
  },
  sources: [
    'https://developers.cloudflare.com/queues/platform/limits/, …/queues/platform/pricing/',
    'https://developers.cloudflare.com/workers/platform/limits/, …/workers/platform/pricing/',
  ],
}

export const PLATFORMS = [LAMBDA, AZURE, CLOUDFLARE] as const

/** What stores allow, in requests a second, before they ask to slow down. */
export interface StoreLimits {
  name: string
  of: string
  writes: number | undefined
  reads: number | undefined
  /** Reads and writes together. */
  both: number | undefined
  source: string
}

export const STORES: readonly StoreLimits[] = [
  {
    ...{ name: 'S3', of: 'prefix, which it splits by itself' },
    ...{ writes: 3500, reads: 5500, both: undefined },
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html (u)',
  },
  {
    ...{
      name: 'Google Cloud Storage',
      of: 'bucket at first: it grows with a load that doubles every 20 minutes',
    },
    ...{ writes: 1000, reads: 5000, both: undefined },
    source: 'https://cloud.google.com/storage/docs/request-rate',
  },
  {
    ...{ name: 'Azure Blob', of: 'account: twice that in some regions, more on request' },
    ...{ writes: undefined, reads: undefined, both: 20_000 },
    source:
      'https://learn.microsoft.com/en-us/azure/storage/common/scalability-targets-standard-account',
  },
  {
    ...{ name: 'R2', of: 'bucket: none is published, one write a second for one key' },
    ...{ writes: undefined, reads: undefined, both: undefined },
    source: 'https://developers.cloudflare.com/r2/platform/limits/',
  },
]
