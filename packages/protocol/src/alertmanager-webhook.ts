/**
 * Body of a webhook notification: version 4 of Alertmanager's webhook, so that every receiver written for
 * Alertmanager works. Times are RFC 3339; `endsAt` of a firing alert is `0001-01-01T00:00:00Z`.
 */
export interface AlertmanagerWebhook {
  version: '4'
  groupKey: string
  truncatedAlerts: number
  status: 'firing' | 'resolved'
  receiver: string
  groupLabels: Record<string, string>
  commonLabels: Record<string, string>
  commonAnnotations: Record<string, string>
  externalURL: string
  alerts: {
    status: 'firing' | 'resolved'
    labels: Record<string, string>
    annotations: Record<string, string>
    startsAt: string
    endsAt: string
    generatorURL: string
    fingerprint: string
  }[]
}
