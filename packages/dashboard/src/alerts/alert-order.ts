import type { Alert } from '@perfmon/protocol'

/** From this many alerts of one rule on they are shown as one line that unfolds. */
const groupedFrom = 4

export type AlertItem =
  | { kind: 'alert'; alert: Alert }
  | { kind: 'group'; key: string; rule: string; alerts: Alert[] }

/** Critical before warning, active before pending, longest first. */
export function worseFirst(a: Alert, b: Alert): number {
  return urgency(b) - urgency(a) || startOf(a) - startOf(b) || (a.id < b.id ? -1 : 1)
}

function urgency(alert: Alert): number {
  return (alert.state === 'active' ? 2 : 0) + (alert.severity === 'critical' ? 1 : 0)
}

/** When it began to matter: when it became active, or pending while it is not. */
export function startOf(alert: Alert): number {
  return alert.activeSinceMs ?? alert.pendingSinceMs
}

/**
 * Open alerts, worst first, with the many of one rule, severity and state folded into one line: a thousand
 * agents that lose one database are one thing that is wrong.
 */
export function openAlertItems(alerts: Iterable<Alert>): AlertItem[] {
  const open = [...alerts].filter((alert) => alert.state !== 'resolved').sort(worseFirst)
  const kin = new Map<string, Alert[]>()
  for (const alert of open) {
    const key = JSON.stringify([alert.rule, alert.severity, alert.state])
    const found = kin.get(key)
    if (found) found.push(alert)
    else kin.set(key, [alert])
  }
  const items: AlertItem[] = []
  for (const [key, members] of kin) {
    const first = members[0]
    if (members.length >= groupedFrom && first)
      items.push({ kind: 'group', key, rule: first.rule, alerts: members })
    else for (const alert of members) items.push({ kind: 'alert', alert })
  }
  return items.sort((a, b) => worseFirst(firstOf(a), firstOf(b)))
}

export function firstOf(item: AlertItem): Alert {
  // A group has at least `groupedFrom` members.
  return item.kind === 'alert' ? item.alert : (item.alerts[0] as Alert)
}

/** Resolved alerts, latest first. Those that were only ever pending were never alerts to anybody. */
export function resolvedAlerts(alerts: Iterable<Alert>): Alert[] {
  return [...alerts]
    .filter((alert) => alert.state === 'resolved' && alert.activeSinceMs !== null)
    .sort((a, b) => (b.resolvedAtMs ?? 0) - (a.resolvedAtMs ?? 0))
}
