// One instance of the built consumer function, as a process that can be killed: polls the queue and hands
// what it receives to the handler. Tells each batch before it begins, as { began: [bodies] }, and what is done
// with, as { done: [bodies] }; ends after the batch in hand when its standard input does.
//   node consumer.ts dist/aws/consumer.mjs BATCH_SIZE

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createSqs } from '../../../functions/aws/sqs.ts'
import type { EventSource, SqsRecord } from './event-source.ts'
import { pollQueue } from './event-source.ts'

const [module = '', batchSize = '10'] = process.argv.slice(2)
const { SKEIN_QUEUE_URL: queueUrl = '', AWS_REGION: region = '' } = process.env

const end = new AbortController()
process.stdin.on('end', () => end.abort()).resume()

const { handler } = (await import(pathToFileURL(resolve(module)).href)) as Pick<
  EventSource,
  'handler'
>
const tell = (word: 'began' | 'done') => (records: readonly SqsRecord[]) =>
  console.log(JSON.stringify({ [word]: records.map(({ body }) => body) }))

console.log('ready')
const source = { call: createSqs(process.env), queueUrl, region, handler }
await pollQueue(
  { ...source, batchSize: Number(batchSize), onBatch: tell('began'), onDone: tell('done') },
  end.signal,
)
process.exit(0)
