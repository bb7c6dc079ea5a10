// How SQS refuses: a type in its JSON protocol, with the status that goes with it.

export class Refusal extends Error {
  readonly status: number
  readonly type: string

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.name = 'Refusal'
    this.type = type
    this.status = status
  }
}

export function invalid(message: string): Refusal {
  return new Refusal('com.amazonaws.sqs#InvalidParameterValueException', message)
}
