// The CORS rules of an S3 bucket. https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html

import type { CORSRule } from '@aws-sdk/client-s3'
import {
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
} from '@aws-sdk/client-s3'
import type { CorsBook, CorsRule } from '../../cors-rule.ts'
import { CONTENT_HEADERS, describeCors } from '../../cors-rule.ts'
import type { Configurations } from './setup-configuration.ts'

const CHECKSUMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'].map(
  (name) => `x-amz-checksum-${name}`,
)

/** All that a signed request may carry; by name as well, because R2 long took no wildcard. */
export const ASKED_HEADERS: readonly string[] = [
  ...CONTENT_HEADERS,
  ...['x-amz-storage-class', 'x-amz-tagging', ...CHECKSUMS, 'x-amz-*'],
]

/** One by one: a browser knows no wildcard within a name here. */
export const EXPOSED_HEADERS: readonly string[] = [
  ...['ETag', 'Content-Range', 'Accept-Ranges', 'Content-Encoding', 'Content-Disposition'],
  ...['x-amz-version-id', 'x-amz-request-id', 'x-amz-checksum-type', ...CHECKSUMS],
]

const MAX_RULES = 100

export function corsBook({
  Bucket,
  settings,
  send,
}: Configurations): CorsBook<CORSRule, undefined> {
  return {
    store: settings.name,
    maxRules: MAX_RULES,
    async read() {
      const answer = await send('GetBucketCors', (s3, call) =>
        s3.send(new GetBucketCorsCommand({ Bucket }), call),
      )
      const rules = answer?.CORSRules ?? []
      return { value: rules.map((rule) => ({ name: rule.ID, rule })), tag: undefined }
    },
    async write(next) {
      const CORSRules = next.map(({ rule }) => rule)
      await send('PutBucketCors', (s3, call) =>
        CORSRules.length === 0
          ? s3.send(new DeleteBucketCorsCommand({ Bucket }), call)
          : s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }), call),
      )
    },
    decode,
    encode: (rule, name) => ({
      ID: name,
      AllowedOrigins: [...rule.origins],
      AllowedMethods: [...rule.methods],
      AllowedHeaders: [...rule.headers],
      ExposeHeaders: [...rule.exposed],
      MaxAgeSeconds: rule.maxAgeSeconds,
    }),
    describe: (rule) => describeCors(decode(rule)),
  }
}

function decode(rule: CORSRule): CorsRule {
  return {
    origins: rule.AllowedOrigins ?? [],
    methods: rule.AllowedMethods ?? [],
    headers: rule.AllowedHeaders ?? [],
    exposed: rule.ExposeHeaders ?? [],
    maxAgeSeconds: rule.MaxAgeSeconds ?? 0,
  }
}
