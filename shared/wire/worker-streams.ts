// The one place that tells a Worker from a process: a Worker has its own stream of a fixed length, and only a
// body of that kind is sent with its Content-Length instead of in chunks.
// https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream

type FixedLength = new (bytes: number) => TransformStream<Uint8Array, Uint8Array>

type Digesting = new (algorithm: string) => WritableStream<Uint8Array> & {
  digest: Promise<ArrayBuffer>
}

const worker = globalThis as {
  FixedLengthStream?: FixedLength
  IdentityTransformStream?: new () => TransformStream<Uint8Array, Uint8Array>
}

/** Undefined in a process. */
export const { FixedLengthStream } = worker

/** A Worker's own, under `crypto`; undefined in a process. */
export const { DigestStream } = globalThis.crypto as { DigestStream?: Digesting }

/** Both halves of a pipe; a Worker's own keeps the bytes outside of JavaScript. */
export const Pipe = worker.IdentityTransformStream ?? TransformStream<Uint8Array, Uint8Array>

/** An answer's body can become a request's without its bytes entering JavaScript. */
export const BODIES_STAY_OUTSIDE = FixedLengthStream !== undefined

/**
 * A Worker's `fetch` else decompresses what is stored under Content-Encoding: gzip, and follows a redirect
 * to a host for which nothing was signed.
 */
export const AS_IT_IS: RequestInit & { encodeResponseBody: 'manual' } = {
  encodeResponseBody: 'manual',
  redirect: 'manual',
}
