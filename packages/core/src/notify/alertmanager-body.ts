import type { Alert, AlertmanagerWebhook } from '@perfmon/protocol'
import { renderQuantity } from '../configuration/render-quantity.ts'

export interface AlertmanagerBodyOptions {
  readonly alert: Alert
  /** Address of the dashboard, for links. */
  readonly externalUrl: string
  readonly receiver: string
  /** RFC 3339 text of a Unix time in milliseconds; the core has no clock and no calendar. */
  readonly renderTime: (timeMs: number) => string
}

/** `endsAt` of an alert that still fires, as Alertmanager writes it. */
const noTime = '0001-01-01T00:00:00Z'

/** One alert as Alertmanager's webhook, version 4. */
export function alertmanagerBody({
  alert,
  externalUrl,
  receiver,
  renderTime,
}: AlertmanagerBodyOptions): AlertmanagerWebhook {
  const status = alert.state === 'resolved' ? 'resolved' : 'firing'
  const labels = { ...alert.labels, severity: alert.severity }
  const annotations: Record<string, string> = { summary: alert.summary }
  if (alert.value !== null) annotations.value = renderQuantity(alert.value, alert.unit)
  if (alert.threshold !== null) annotations.threshold = renderQuantity(alert.threshold, alert.unit)
  if (alert.resolveReason !== null) annotations.resolve_reason = alert.resolveReason
  const groupLabels = { alertname: alert.rule, swarm: alert.labels.swarm ?? '' }
  return {
    version: '4',
    groupKey: `{}:{alertname="${alert.rule}", fingerprint="${alert.fingerprint}"}`,
    truncatedAlerts: 0,
    status,
    receiver,
    groupLabels,
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: externalUrl,
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAt: renderTime(alert.activeSinceMs ?? alert.pendingSinceMs),
        endsAt: alert.resolvedAtMs === null ? noTime : renderTime(alert.resolvedAtMs),
        generatorURL: `${externalUrl}/#agent=${encodeURIComponent(alert.labels.agent_id ?? '')}`,
        fingerprint: alert.fingerprint,
      },
    ],
  }
}
