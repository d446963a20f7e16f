import type { MetricsResponse, Vitals } from '@perfmon/protocol'

/** The vital signs in an agent's WebSocket answer: percent become shares, milliseconds seconds. */
export function polledVitals(response: MetricsResponse): Vitals {
  const scaled = (value: number | null | undefined, factor: number) => (value == null ? null : value * factor)
  return {
    cpu: scaled(response.cpu, 0.01),
    memory: scaled(response.memory, 0.01),
    responseTime: scaled(response.responseTime, 0.001),
    errorRate: scaled(response.errorRate, 0.01),
    activeConnections: scaled(response.activeConnections, 1),
    requestRate: scaled(response.requestRate, 1),
    eventLoop: scaled(response.eventLoop, 1),
  }
}
