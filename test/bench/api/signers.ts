// How the peers sign a single PUT to S3: each with one client, reused, in the way that is fastest for it. What
// is signed is what Skein signs: length, type, and the mark that the object carries.

import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { AwsV4Signer } from 'aws4fetch'

export interface Place {
  bucket: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
}

export interface Put {
  key: string
  /** To be sent as they are. */
  headers: Readonly<Record<'content-length' | 'content-type' | typeof MARK, string>>
  expiresInSeconds: number
}

/** The URL that takes it. */
export type SignPut = (put: Put) => Promise<string>

export const MARK = 'x-amz-meta-skein_upload'

function getSignedUrlSigner({ bucket, region, credentials }: Place): SignPut {
  const client = new S3Client({
    region,
    credentials,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  return ({ key, headers, expiresInSeconds }) => {
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      ContentLength: Number(headers['content-length']),
      ContentType: headers['content-type'],
      Metadata: { skein_upload: headers[MARK] },
    })
    return getSignedUrl(client, command, {
      expiresIn: expiresInSeconds,
      signableHeaders: new Set(Object.keys(headers)),
      unhoistableHeaders: new Set([MARK]),
    })
  }
}

/** Its bare signer, which makes no Request on the way, with the cache of signing keys that its client keeps. */
function aws4fetchSigner({ bucket, region, credentials }: Place): SignPut {
  const cache = new Map<string, ArrayBuffer>()
  return async ({ key, headers, expiresInSeconds }) => {
    const signer = new AwsV4Signer({
      ...credentials,
      ...{ cache, region, headers },
      method: 'PUT',
      url: `https://${bucket}.s3.${region}.amazonaws.com/${key}?X-Amz-Expires=${expiresInSeconds}`,
      service: 's3',
      signQuery: true,
      allHeaders: true,
    })
    return (await signer.sign()).url.toString()
  }
}

export const SIGNERS: Readonly<Record<string, (place: Place) => SignPut>> = {
  getSignedUrl: getSignedUrlSigner,
  aws4fetch: aws4fetchSigner,
}
