// The official SDKs of Google and Azure. In Node alone: their builds for other runtimes hold no signers.

import {
  BlobSASPermissions,
  BlobServiceClient,
  StorageSharedKeyCredential,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob'
import { Storage } from '@google-cloud/storage'
import type { Keys, Side } from './work.ts'
import { BUCKET, CONTENT_TYPE, LIFE_SECONDS } from './work.ts'

export function openSdkPeers({ gcs, azure }: Keys): Side[] {
  return [googleStorage(gcs), azureSas(azure)]
}

/** The SDK signs with RSA alone, so it is what both ways of ours are held against. */
function googleStorage({ clientEmail, privateKey }: Keys['gcs']): Side {
  const storage = new Storage({
    projectId: 'bench',
    credentials: { client_email: clientEmail, private_key: privateKey },
  })
  const bucket = storage.bucket(BUCKET)
  const sign = async (key: string): Promise<string> => {
    const [url] = await bucket.file(key).getSignedUrl({
      version: 'v4',
      action: 'write',
      contentType: CONTENT_TYPE,
      expires: Date.now() + LIFE_SECONDS * 1000,
    })
    return url
  }
  return { group: 'gcs_rsa', name: 'sdk', sign }
}

function azureSas({ account, accountKey }: Keys['azure']): Side {
  const credential = new StorageSharedKeyCredential(account, accountKey)
  const service = new BlobServiceClient(`https://${account}.blob.core.windows.net`, credential)
  const container = service.getContainerClient(BUCKET)
  const permissions = BlobSASPermissions.parse('cw')
  return {
    group: 'azure',
    name: 'sdk',
    sign(key) {
      const sas = generateBlobSASQueryParameters(
        {
          containerName: BUCKET,
          blobName: key,
          permissions,
          expiresOn: new Date(Date.now() + LIFE_SECONDS * 1000),
        },
        credential,
      )
      return `${container.getBlobClient(key).url}?${sas.toString()}`
    },
  }
}
