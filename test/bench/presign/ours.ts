// Our sides: the whole way of a caller, a store opened by its URI and `presign` on it.

import type { Platform } from '#shared/platform.ts'
import { openStore } from '#shared/storage/open.ts'
import type { StoreCredentials } from '#shared/storage/options.ts'
import type { Keys, Side } from './work.ts'
import { BUCKET, CONTENT_TYPE, LIFE_SECONDS, REGION } from './work.ts'

const platform: Platform = { env: {}, fileSystem: false, now: () => Date.now() }

export function openOurs({ s3, gcs, azure }: Keys): Side[] {
  const { clientEmail, privateKey, accessKeyId, secretAccessKey } = gcs
  const account = {
    type: 'service_account',
    project_id: 'bench',
    client_email: clientEmail,
    private_key: privateKey,
  }
  const gcsUri = `gs://${BUCKET}`
  return [
    ourSide('s3', `s3://${BUCKET}?region=${REGION}`, s3),
    ourSide('gcs_rsa', gcsUri, { credentialsJson: JSON.stringify(account) }),
    ourSide('gcs_hmac', gcsUri, {
      accessKeyId,
      secretAccessKey,
    }),
    ourSide('azure', `az://${azure.account}/${BUCKET}`, { accountKey: azure.accountKey }),
  ]
}

function ourSide(group: string, uri: string, credentials: StoreCredentials): Side {
  const store = openStore(uri, platform, { credentials })
  return {
    group,
    name: 'skein',
    async sign(key) {
      const { url } = await store.presign({
        action: 'put',
        key,
        contentType: CONTENT_TYPE,
        expiresInSeconds: LIFE_SECONDS,
      })
      return url
    },
  }
}
