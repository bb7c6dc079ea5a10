// The actions of SQS's JSON protocol that the suite and Lambda's poller use, each with the checks that SQS
// makes: batches of ten with ids of their own, sizes, characters, and times within their bounds.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html

import { createHash } from 'node:crypto'
import type { Held, Queue } from './queue.ts'
import { Refusal, invalid } from './refusal.ts'

type Json = Record<string, unknown>
type Action = (queue: Queue, request: Json) => Json | Promise<Json>

const MAX_ENTRIES = 10
const MAX_BYTES = 2 ** 20
const MAX_DELAY_SECONDS = 900
const MAX_VISIBILITY_SECONDS = 43_200
const MAX_WAIT_SECONDS = 20
const BATCH_ID = /^[\w-]{1,80}$/
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const FIT_FOR_XML = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u

export const ACTIONS: Readonly<Record<string, Action>> = {
  SendMessageBatch: (queue, request) => {
    const entries = entriesOf(request)
    const bytes = entries.map((entry) => Buffer.byteLength(textOf(entry, 'MessageBody')))
    if (bytes.reduce((sum, one) => sum + one, 0) > MAX_BYTES) {
      throw new Refusal('com.amazonaws.sqs#BatchRequestTooLong', 'The batch is too long.')
    }
    return eachOf(entries, (entry) => {
      const body = textOf(entry, 'MessageBody')
      if (!FIT_FOR_XML.test(body)) {
        throw new Refusal('InvalidMessageContents', 'The message has characters that are not fit.')
      }
      const delay = wholeOf(entry, 'DelaySeconds', MAX_DELAY_SECONDS) ?? 0
      return { MessageId: queue.send(body, delay).id, MD5OfMessageBody: md5(body) }
    })
  },
  ReceiveMessage: async (queue, request) => {
    const limit = wholeOf(request, 'MaxNumberOfMessages', MAX_ENTRIES) ?? 1
    if (limit < 1) throw invalid('MaxNumberOfMessages must be from 1 to 10.')
    const visibility = wholeOf(request, 'VisibilityTimeout', MAX_VISIBILITY_SECONDS)
    const wait = (wholeOf(request, 'WaitTimeSeconds', MAX_WAIT_SECONDS) ?? 0) * 1000
    const end = performance.now() + wait
    for (;;) {
      const messages = queue.receive(limit, visibility)
      const left = end - performance.now()
      if (messages.length > 0) return { Messages: messages.map((one) => shown(one, request)) }
      if (left <= 0) return {}
      await queue.changed(left)
    }
  },
  DeleteMessageBatch: (queue, request) =>
    eachOf(entriesOf(request), (entry) => {
      queue.delete(textOf(entry, 'ReceiptHandle'))
      return {}
    }),
  ChangeMessageVisibilityBatch: (queue, request) =>
    eachOf(entriesOf(request), (entry) => {
      const seconds = wholeOf(entry, 'VisibilityTimeout', MAX_VISIBILITY_SECONDS)
      if (seconds === undefined) throw invalid('An entry has no VisibilityTimeout.')
      if (queue.postpone(textOf(entry, 'ReceiptHandle'), seconds)) return {}
      throw new Refusal('MessageNotInflight', 'The message is not in flight.')
    }),
  GetQueueAttributes: (queue) => {
    const { visible, inFlight, delayed } = queue.counts()
    const Attributes = {
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
      VisibilityTimeout: String(queue.visibilitySeconds),
    }
    return { Attributes }
  },
}

function shown({ id, receipt, body, ...message }: Held, request: Json): Json {
  const asked = request['MessageSystemAttributeNames']
  const Attributes = {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
  }
  const all = Array.isArray(asked) && asked.includes('All')
  const base = { MessageId: id, ReceiptHandle: receipt, MD5OfBody: md5(body), Body: body }
  return all ? { ...base, Attributes } : base
}

function entriesOf(request: Json): Json[] {
  const entries = request['Entries']
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new Refusal('com.amazonaws.sqs#EmptyBatchRequest', 'The batch has no entries.')
  }
  if (entries.length > MAX_ENTRIES) {
    const type = 'com.amazonaws.sqs#TooManyEntriesInBatchRequest'
    throw new Refusal(type, `The batch has ${entries.length} entries.`)
  }
  const ids = entries.map((entry: Json) => textOf(entry, 'Id'))
  if (!ids.every((id) => BATCH_ID.test(id))) {
    throw new Refusal('com.amazonaws.sqs#InvalidBatchEntryId', 'An id has other characters.')
  }
  if (new Set(ids).size < ids.length) {
    throw new Refusal('com.amazonaws.sqs#BatchEntryIdsNotDistinct', 'Two entries have one id.')
  }
  return entries as Json[]
}

/** What one entry is refused for does not concern the others. */
function eachOf(entries: readonly Json[], act: (entry: Json) => Json): Json {
  const Successful: Json[] = []
  const Failed: Json[] = []
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry['Id'], ...act(entry) })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const Code = error.type.replace(/^.*#/, '')
      Failed.push({ Id: entry['Id'], Code, Message: error.message, SenderFault: true })
    }
  }
  return Failed.length > 0 ? { Successful, Failed } : { Successful }
}

function textOf(entry: Json, field: string): string {
  const value = entry[field]
  if (typeof value === 'string' && value !== '') return value
  throw new Refusal('com.amazonaws.sqs#MissingParameter', `The request has no ${field}.`)
}

function wholeOf(entry: Json, field: string, most: number): number | undefined {
  const value = entry[field]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) {
    return value
  }
  throw invalid(`${field} must be a whole number from 0 to ${most}.`)
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
