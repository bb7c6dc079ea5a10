// How far an upload is, in bytes of the file. It may fall, when a part has to be sent again.

export interface UploadProgress {
  sentBytes: number
  totalBytes: number
}

export interface Progress {
  /** Of one piece; what a form or a header adds does not count. */
  set(piece: number, sentBytes: number): void
}

export function createProgress(
  totalBytes: number,
  tell: ((progress: UploadProgress) => void) | undefined,
): Progress {
  const pieces = new Map<number, number>()
  let sum = 0
  return {
    set(piece, sentBytes) {
      sum += sentBytes - (pieces.get(piece) ?? 0)
      pieces.set(piece, sentBytes)
      tell?.({ sentBytes: Math.min(sum, totalBytes), totalBytes })
    },
  }
}
