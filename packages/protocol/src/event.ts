import type { ActionArgs } from './action-message.ts'
import type { Alert, ResolveReason, Severity } from './alert.ts'

/**
 * The one append-only list that all stages append to: the notifier's inbox, the live feed, the audit log and
 * the report's facts, each read from its own cursor. `timeMs` is when it happened by the aggregator's clock.
 */
export type EventBody =
  | { type: 'alert-active'; alert: Alert }
  | { type: 'alert-severity'; alert: Alert; from: Severity }
  | { type: 'alert-resolved'; alert: Alert; reason: ResolveReason }
  | { type: 'agent-joined' | 'agent-back' | 'agent-offline'; agentId: string; name: string; swarm: string }
  | { type: 'agent-left'; agentId: string; name: string; swarm: string; exitCode: number; reason: string }
  | { type: 'aggregator-started' | 'aggregator-stopped'; version: string }
  | { type: 'rules-loaded'; file: string; rules: number }
  | ({ type: 'action-requested' } & RequestedAction)
  /** `outcome` is `done` or the code of the error. */
  | ({
      type: 'action-done'
      outcome: string
      message?: string
      durationMs?: number
      undo?: { action: string; args: ActionArgs }
    } & RequestedAction)
  /** Written once the disk takes writes again: while it does not, no event can be. */
  | { type: 'store-read-only'; reason: string }
  | { type: 'store-writable'; refusedBatches: number }
  | { type: 'delivery-refused'; channel: string; eventSeq: number; error: string }

/** Who had what done to which agent. */
export interface RequestedAction {
  agentId: string
  name: string
  swarm: string
  action: string
  args: ActionArgs
  by: string
  requestId: string
}

export type NewEvent = EventBody & { timeMs: number }

/** `seq` grows by one per event and never repeats: a cursor is the last `seq` read. */
export type Event = NewEvent & { seq: number }
