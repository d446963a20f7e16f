import type { VitalName } from '@perfmon/protocol'
import {
  formatCount,
  formatRate,
  formatSeconds,
  formatShare,
  type Quantity,
} from '../words/format-quantity.ts'

export interface ChartVital {
  vital: VitalName
  name: string
  note: string
  format: (value: number | null) => Quantity
  /** Least top of the scale. */
  ceiling: number
}

/** The charts of an agent, in the order in which one asks: is it loaded, is it slow, does it fail. */
export const chartVitals: readonly ChartVital[] = [
  { vital: 'cpu', name: 'CPU', note: 'of one core', format: formatShare, ceiling: 1 },
  { vital: 'memory', name: 'Memory', note: 'of its limit', format: formatShare, ceiling: 1 },
  { vital: 'responseTime', name: 'Response time', note: 'mean', format: formatSeconds, ceiling: 0.01 },
  { vital: 'errorRate', name: 'Errors', note: 'of requests', format: formatShare, ceiling: 0.1 },
  { vital: 'requestRate', name: 'Requests', note: 'per second', format: formatRate, ceiling: 1 },
  { vital: 'activeConnections', name: 'Connections', note: 'open', format: formatCount, ceiling: 4 },
  { vital: 'eventLoop', name: 'Event loop', note: 'utilisation', format: formatShare, ceiling: 1 },
]
