// One standard queue as SQS keeps it: a message that is received is hidden for a while, comes again unless it
// is deleted by then, counts how often it came, and goes to the dead-letter queue when that was too often.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html

import { randomUUID } from 'node:crypto'

export type QueueSettings = {
  visibilitySeconds?: number
  redrive?: { to: Queue; maxReceiveCount: number }
  now?: () => number
}

export type Held = {
  id: string
  body: string
  sentAt: number
  firstReceivedAt: number | undefined
  receiveCount: number
  /** Of its last receipt: who holds an older one has lost it. */
  receipt: string | undefined
}

type Counts = { visible: number; inFlight: number; delayed: number }

export class Queue {
  readonly visibilitySeconds: number
  readonly #now: () => number
  readonly #redrive: QueueSettings['redrive']
  /** In order of arrival. */
  readonly #ready = new Set<Held>()
  /** In flight or delayed, with the time when it is ready. */
  readonly #hidden = new Map<Held, number>()
  readonly #byReceipt = new Map<string, Held>()
  readonly #waiting = new Set<() => void>()
  #nextDueAt = Number.POSITIVE_INFINITY

  constructor({ visibilitySeconds = 30, redrive, now = Date.now }: QueueSettings = {}) {
    this.visibilitySeconds = visibilitySeconds
    this.#redrive = redrive
    this.#now = now
  }

  send(body: string, delaySeconds = 0): Held {
    const message: Held = {
      ...{ id: randomUUID(), body, sentAt: this.#now() },
      ...{ firstReceivedAt: undefined, receiveCount: 0, receipt: undefined },
    }
    this.#place(message, delaySeconds)
    return message
  }

  receive(limit: number, visibilitySeconds = this.visibilitySeconds): Held[] {
    this.#release()
    const received: Held[] = []
    for (const message of this.#ready) {
      if (received.length === limit) break
      this.#ready.delete(message)
      if (this.#redrive && message.receiveCount >= this.#redrive.maxReceiveCount) {
        this.#forget(message)
        this.#redrive.to.#place({ ...message, receipt: undefined }, 0)
        continue
      }
      this.#hand(message, visibilitySeconds)
      received.push(message)
    }
    return received
  }

  /** What has come again since keeps its place, as with SQS, which then deletes nothing and says so to nobody. */
  delete(receipt: string): void {
    const message = this.#byReceipt.get(receipt)
    if (!message || message.receipt !== receipt) return
    this.#ready.delete(message)
    this.#forget(message)
  }

  /** False where the message is not in flight. */
  postpone(receipt: string, seconds: number): boolean {
    this.#release()
    const message = this.#byReceipt.get(receipt)
    if (!message || message.receipt !== receipt || !this.#hidden.has(message)) return false
    this.#hidden.delete(message)
    this.#place(message, seconds)
    return true
  }

  counts(): Counts {
    this.#release()
    const hidden = [...this.#hidden.keys()]
    const inFlight = hidden.filter(({ receipt }) => receipt !== undefined).length
    return { visible: this.#ready.size, inFlight, delayed: hidden.length - inFlight }
  }

  bodies(): string[] {
    return [...this.#ready, ...this.#hidden.keys()].map(({ body }) => body)
  }

  /** Resolves when there may be something to receive, or after so many milliseconds. */
  changed(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const untilDue = Math.max(this.#nextDueAt - this.#now(), 1)
      const timer = setTimeout(wake, Math.min(milliseconds, untilDue))
      this.#waiting.add(wake)
    })
  }

  #hand(message: Held, visibilitySeconds: number): void {
    const now = this.#now()
    if (message.receipt !== undefined) this.#byReceipt.delete(message.receipt)
    message.receipt = randomUUID()
    message.firstReceivedAt ??= now
    message.receiveCount += 1
    this.#byReceipt.set(message.receipt, message)
    this.#place(message, visibilitySeconds)
  }

  #place(message: Held, hiddenSeconds: number): void {
    if (hiddenSeconds <= 0) {
      this.#ready.add(message)
      for (const wake of this.#waiting) wake()
      return
    }
    const dueAt = this.#now() + hiddenSeconds * 1000
    this.#hidden.set(message, dueAt)
    this.#nextDueAt = Math.min(this.#nextDueAt, dueAt)
  }

  #release(): void {
    const now = this.#now()
    if (now < this.#nextDueAt) return
    this.#nextDueAt = Number.POSITIVE_INFINITY
    for (const [message, dueAt] of this.#hidden) {
      if (dueAt > now) {
        this.#nextDueAt = Math.min(this.#nextDueAt, dueAt)
        continue
      }
      this.#hidden.delete(message)
      this.#ready.add(message)
    }
  }

  #forget(message: Held): void {
    this.#hidden.delete(message)
    if (message.receipt !== undefined) this.#byReceipt.delete(message.receipt)
  }
}
