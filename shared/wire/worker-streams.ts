// The one place that tells a Worker from a process: a Worker has its own stream of a fixed length, and only a
// body of that kind is sent with its Content-Length instead of in chunks.
// https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream

type FixedLength = new (bytes: number) => TransformStream<Uint8Array, Uint8Array>

/** Undefined in a process. */
export const { FixedLengthStream } = globalThis as { FixedLengthStream?: FixedLength }

/**
 * A Worker's `fetch` else decompresses what is stored under Content-Encoding: gzip, and follows a redirect
 * to a host for which nothing was signed.
 */
export const AS_IT_IS: RequestInit & { encodeResponseBody: 'manual' } = {
  encodeResponseBody: 'manual',
  redirect: 'manual',
}
