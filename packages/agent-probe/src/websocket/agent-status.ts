import type { MetricsResponse } from '@perfmon/protocol'
import type { VitalSigns } from '../collect/vital-signs.ts'

/**
 * One word for people, from the vital signs of the last report:
 *
 * - `error`: at least half of the requests failed;
 * - `busy`: at least 80 % of a core or of the event loop in use, so that new work would wait;
 * - `active`: requests were served or made, or are open, or the event loop was used by at least 5 %;
 * - `idle`: none of these.
 *
 * `offline` is never said: who answers is not.
 */
export const agentStatus = ({
  errorPercent = 0,
  cpuPercent = 0,
  eventLoopUtilization = 0,
  requestsPerSecond = 0,
  activeRequests,
}: VitalSigns): NonNullable<MetricsResponse['status']> => {
  if (errorPercent >= 50) return 'error'
  if (cpuPercent >= 80 || eventLoopUtilization >= 0.8) return 'busy'
  const working = requestsPerSecond > 0 || activeRequests > 0 || eventLoopUtilization >= 0.05
  return working ? 'active' : 'idle'
}
