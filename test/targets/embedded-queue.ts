// A process that works with an embedded queue until it is killed, for tests of sudden death. It tells each
// commit after the commit returned; whatever it told must outlive it.

import { openDatabase } from '../../functions/node/database.ts'
import { openQueue } from '../../functions/node/queue.ts'

const [, , path = '', from = '0'] = process.argv
const queue = await openQueue(openDatabase(path))

function tell(word: string, n: number): void {
  process.stdout.write(`${word} ${n}\n`)
}

const OUTCOMES = [
  { result: 'done' },
  { result: 'retry', afterSeconds: 0, reason: 'later' },
  { result: 'set-aside', reason: 'never' },
] as const

const numberOf = (body: string): number => (JSON.parse(body) as { n: number }).n

/** Should nobody kill it, it ends all the same. */
const LAST = Number(from) + 10_000

for (let n = Number(from); n < LAST; n += 2) {
  await queue.send([
    { v: 1, kind: 'test', n },
    { v: 1, kind: 'test', n: n + 1 },
  ])
  tell('sent', n)
  tell('sent', n + 1)
  for (const message of queue.receive(2)) {
    const outcome = OUTCOMES[(numberOf(message.body) + message.attempt) % 3]!
    queue.settle(message, outcome)
    tell(outcome.result, numberOf(message.body))
  }
}
