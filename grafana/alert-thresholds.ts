interface Thresholds {
  readonly warning: number
  readonly critical: number
}

/**
 * The limits of Perfmon's default rules, in the units of its vital signs. One copy for panels and
 * Prometheus rules: a red line in Grafana and a critical alert in Perfmon mean the same number.
 */
export const alertThresholds = {
  /** Share of one CPU core. */
  cpu: { warning: 0.7, critical: 0.9 },
  /** Share of the nearest memory limit. */
  memory: { warning: 0.8, critical: 0.95 },
  /** Seconds, mean of the requests served. */
  responseTime: { warning: 1, critical: 5 },
  /** Share of requests served and made. */
  errorRate: { warning: 0.05, critical: 0.1 },
} as const satisfies Record<string, Thresholds>
