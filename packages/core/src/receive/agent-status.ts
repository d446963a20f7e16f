import type { Agent, AgentStatus, Vitals } from '@perfmon/protocol'
import { allowedSilenceMs } from '../evaluate/absence.ts'

/** Share of failed requests from which an agent is `error`: the critical default of the error-rate rule. */
export const errorShare = 0.1
/** CPU or event-loop share from which an agent is `busy`: at 90 % a queue's waiting time is ten times its service time (M/M/1). */
export const busyShare = 0.9

/** What a reporting agent is doing, by its last vital signs. */
export function workStatus(vitals: Vitals): Extract<AgentStatus, 'active' | 'idle' | 'busy' | 'error'> {
  if ((vitals.errorRate ?? 0) >= errorShare) return 'error'
  if ((vitals.cpu ?? 0) >= busyShare || (vitals.eventLoop ?? 0) >= busyShare) return 'busy'
  if ((vitals.requestRate ?? 0) > 0 || (vitals.activeConnections ?? 0) > 0) return 'active'
  // An agent that does its work without HTTP shows it by the CPU it uses.
  return (vitals.cpu ?? 0) >= 0.05 ? 'active' : 'idle'
}

/** Silence that makes an agent `offline` when no rule says otherwise: three of its own reports, at least five seconds. */
export const defaultPatience = { missedReports: 3, minimumMs: 5_000 } as const

/** Whether an agent that has not said goodbye counts as offline by now. */
export function isOffline(
  agent: Pick<Agent, 'lastSeenMs' | 'reportIntervalMs'>,
  nowMs: number,
  listeningSinceMs: number,
): boolean {
  return nowMs - Math.max(agent.lastSeenMs, listeningSinceMs) > allowedSilenceMs(defaultPatience, agent)
}
