// The work that every side does: an upload of image/png to a key of its own, signed for 15 minutes, with
// clients, keys and signing keys at hand.

export interface Side {
  /** What is compared: s3, gcs_rsa, gcs_hmac or azure. */
  group: string
  name: string
  sign(key: string): Promise<string> | string
}

export interface Keys {
  s3: { accessKeyId: string; secretAccessKey: string }
  gcs: { clientEmail: string; privateKey: string; accessKeyId: string; secretAccessKey: string }
  azure: { account: string; accountKey: string }
}

export const CONTENT_TYPE = 'image/png'
export const LIFE_SECONDS = 900
export const REGION = 'eu-central-1'
export const BUCKET = 'examplebucket'

/** Signs `count` keys, `inFlight` at a time; the length of all that came out, so that nothing is optimised away. */
export async function signMany(side: Side, count: number, inFlight: number): Promise<number> {
  let next = 0
  let length = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const url = await side.sign(`uploads/2026/11/photo-${next++}.png`)
      length += url.length
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return length
}
