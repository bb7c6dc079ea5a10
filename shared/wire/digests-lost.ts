// Who was to take digests elsewhere is gone: the bytes have to pass once more.

export class DigestsLost extends Error {
  constructor(cause: unknown) {
    super('The thread that takes digests has ended.', { cause })
    this.name = 'DigestsLost'
  }
}
