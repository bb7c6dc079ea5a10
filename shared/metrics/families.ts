// Everything that is counted or measured, with what it means: the page that Prometheus reads is written by
// this table, and nothing is on it that is not here.

interface Family {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
}

export const FAMILIES = {
  requests: {
    name: 'skein_requests_total',
    type: 'counter',
    help: 'Requests answered, by route and status.',
  },
  signed: {
    name: 'skein_signed_total',
    type: 'counter',
    help: 'URLs and forms signed, by provider and action.',
  },
  storeSeconds: {
    name: 'skein_store_request_seconds',
    type: 'histogram',
    help: 'Requests to stores, failed ones and repeated ones too, until the answer begins.',
  },
  storeErrors: {
    name: 'skein_store_errors_total',
    type: 'counter',
    help: 'Requests to stores that failed, by the kind of error.',
  },
  tasks: {
    name: 'skein_tasks_total',
    type: 'counter',
    help: 'Tasks of the queue by what became of them: done, retry, or set-aside.',
  },
  arrivals: {
    name: 'skein_replication_seconds',
    type: 'histogram',
    help: 'From a change until the replica was found, or made, to agree with it.',
  },
  hooksRefused: {
    name: 'skein_hooks_refused_total',
    type: 'counter',
    help: 'Notifications that could not be verified.',
  },
  lag: {
    name: 'skein_replication_lag_seconds',
    type: 'gauge',
    help: 'Age of the oldest change that is known not to be at the replica.',
  },
  waiting: {
    name: 'skein_replication_waiting',
    type: 'gauge',
    help: 'Changes that are late at the replica, set aside, or found and left to a person.',
  },
  heldDeletes: {
    name: 'skein_replication_held_deletes',
    type: 'gauge',
    help: 'Deletions that wait for a person to allow them.',
  },
  ledgerUp: {
    name: 'skein_replication_status_up',
    type: 'gauge',
    help: 'Whether the state of the copies could be read from the ledger.',
  },
} as const satisfies Record<string, Family>
