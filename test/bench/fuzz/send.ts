// Sends a case as the bytes it is, on a connection of its own, and waits for what becomes of it.

import { connect } from 'node:net'
import type { Case } from './cases.ts'

export interface Fate {
  /** Undefined where the server closed the connection and said nothing. */
  status: number | undefined
  /** Neither answered nor closed in `patienceSeconds`. */
  hung: boolean
}

/** A client that hangs up gives the server this long to answer what it has. */
const CUT_AFTER_MS = 20

export function sendCase(
  { port }: { port: number },
  { bytes, cut }: Case,
  patienceSeconds: number,
) {
  const { promise, resolve } = Promise.withResolvers<Fate>()
  const socket = connect({ port, host: '127.0.0.1' })
  let head = ''
  const timer = setTimeout(() => finish(true), patienceSeconds * 1000)
  const hangUp = cut ? setTimeout(() => socket.end(), CUT_AFTER_MS) : undefined
  const finish = (hung: boolean): void => {
    clearTimeout(timer)
    clearTimeout(hangUp)
    socket.destroy()
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]
    resolve({ status: status === undefined ? undefined : Number(status), hung })
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    // An interim answer is none.
    head = (head + text).slice(0, 200).replace(/^HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n/, '')
  })
  // A server may well refuse to read on: that it closed is seen all the same.
  socket.on('error', () => undefined)
  socket.on('close', () => finish(false))
  socket.write(bytes, 'latin1')
  return promise
}
