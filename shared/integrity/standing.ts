// Redundancy at a glance: what the stores answer now, what is late, and what the last sweeps have found and covered,
// as one word, with each issue and what to do about it.

import type {
  ReplicationStatus,
  StatusIssue,
  SweepSummary,
  WorkspaceStatus,
} from '#shared/client/protocol.ts'
import type { FindingKind } from './findings.ts'
import { FINDING_KINDS, HARMLESS } from './findings.ts'
import type { LastSweep } from './last.ts'
import type { IntegrityRules } from './rules.ts'

export interface Known {
  status: Pick<WorkspaceStatus, 'workspace' | 'state' | 'stores'>
  /** Undefined where the ledger does not answer. */
  replication: ReplicationStatus | undefined
  rules: IntegrityRules | undefined
  quick: LastSweep | undefined
  deep: LastSweep | undefined
  missedAfterSeconds: number
  now: number
}

/** What is best done about each. */
const ACTIONS: Record<FindingKind, string> = {
  corrupt: 'Mend it: skein verify WORKSPACE --deep --repair.',
  missing: 'Have it copied: skein verify WORKSPACE --repair.',
  differs: 'Compare both, and delete the wrong one: nobody but you can say which it is.',
  unreadable: 'Look at the store and the rights of its credentials.',
  stale: 'Have it copied: POST replication/replay, or skein verify WORKSPACE --repair.',
  extra: 'Delete it, or copy it back to the primary: nothing says that it was deleted there.',
  metadata: 'Have it copied: skein verify WORKSPACE --deep --repair.',
  quarantined: 'Look at it, and delete it when nobody misses it.',
  'unfinished-upload': 'Let the provider end such uploads: skein setup.',
  unchecked: 'Let a deep sweep read it: skein verify WORKSPACE --deep.',
}

export function standingOf(known: Known): WorkspaceStatus {
  const { status, quick, deep } = known
  const issues = [
    ...storeIssues(status),
    ...lagIssues(known),
    ...sweepIssues(known),
    ...coverageIssues(known),
  ]
  const isCritical = issues.some(({ severity }) => severity === 'critical')
  const isDegraded = issues.some(({ severity }) => severity === 'warning')
  return {
    ...status,
    state: isCritical ? 'critical' : isDegraded ? 'degraded' : 'healthy',
    issues: issues.map((issue) => ({
      ...issue,
      action: issue.action.replace('WORKSPACE', status.workspace),
    })),
    sweeps: { ...(quick && { quick: summary(quick) }), ...(deep && { deep: summary(deep) }) },
  }
}

function summary({ job, ended, state, says, coverage }: LastSweep): SweepSummary {
  return { job, ended, state, says, coverage }
}

function storeIssues({ stores }: Known['status']): StatusIssue[] {
  return stores.flatMap(({ store, role, state, problem }): StatusIssue[] => {
    if (state === 'up') return []
    const severity = state === 'down' && role === 'primary' ? 'critical' : 'warning'
    const what = problem ?? `${store} failed so often that it is passed over for a while.`
    return [
      {
        severity,
        store,
        what,
        action: 'Look at the provider’s status and the store’s credentials: skein config test.',
      },
    ]
  })
}

function lagIssues({ replication, missedAfterSeconds }: Known): StatusIssue[] {
  if (!replication) {
    const what = 'The ledger does not answer, so nobody knows what is late.'
    return [{ severity: 'warning', what, action: 'Look at the store that `ledger` names.' }]
  }
  const late = replication.replicas.flatMap(({ store, lagSeconds, setAside }): StatusIssue[] => [
    ...(lagSeconds > missedAfterSeconds
      ? [
          {
            severity: 'warning' as const,
            store,
            what: `${store} lags behind by ${Math.round(lagSeconds / 60)} minutes.`,
            action: 'See GET replication for what is late, and whether the queue is worked off.',
          },
        ]
      : []),
    ...(setAside > 0
      ? [
          {
            severity: 'warning' as const,
            store,
            what: `${setAside} changes for ${store} were given up.`,
            action: 'Remove the cause that GET replication tells, then POST replication/replay.',
          },
        ]
      : []),
  ])
  if (replication.heldDeletes === 0) return late
  const what = `${replication.heldDeletes} deletions wait for a person's word.`
  const action = 'If they are meant: POST replication/replay with {"deletes": true}.'
  return [...late, { severity: 'warning', what, action }]
}

/** The later sweep knows better, but only a deep one knows of bytes. */
function sweepIssues({ quick, deep }: Known): StatusIssue[] {
  const later = !deep || (quick && quick.ended > deep.ended) ? quick : deep
  const issues = FINDING_KINDS.flatMap((kind): StatusIssue[] => {
    const ofBytes = kind === 'corrupt' || kind === 'unreadable'
    const sweep = ofBytes ? (deep ?? later) : later
    const found = sweep?.findings.filter((one) => one.kind === kind) ?? []
    if (!sweep || found.length === 0) return []
    const isLast = found.some(({ right }) => right?.length === 0) && sweep.state === 'critical'
    const severity = isLast ? 'critical' : HARMLESS.has(kind) ? 'info' : 'warning'
    const [first] = found
    const count = Math.max(found.length, 1)
    const { key, reason } = first!
    const which = count === 1 ? 'One object is' : `${count} or more objects are`
    // What is not of one key says by itself what it is of.
    const what = key === '' ? reason : `${which} ${kind}: ${reason} (${key})`
    return [{ severity, store: first!.store, what, action: ACTIONS[kind] }]
  })
  return issues
}

function coverageIssues({ rules, quick, deep, now }: Known): StatusIssue[] {
  if (!rules) return []
  const issues: StatusIssue[] = []
  const late = 3 * rules.quickSeconds * 1000
  const last = [quick, deep].flatMap((one) => (one ? [Date.parse(one.ended)] : []))
  if (last.length > 0 && now - Math.max(...last) > late) {
    const what = `No sweep has ended since ${new Date(Math.max(...last)).toISOString()}.`
    issues.push({
      severity: 'warning',
      what,
      action: 'See skein jobs list WORKSPACE for what holds them up.',
    })
  }
  if (deep?.plan !== undefined) {
    const what = 'Not every byte can be read in the time that is asked for.'
    issues.push({ severity: 'warning', what, action: deep.plan })
  }
  return issues
}
