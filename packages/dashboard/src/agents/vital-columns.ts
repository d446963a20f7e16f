import type { SparklineVital } from '@perfmon/protocol'
import { formatRate, formatSeconds, formatShare, type Quantity } from '../words/format-quantity.ts'

export interface VitalColumn {
  vital: SparklineVital
  name: string
  /** Where there is no room for the name. */
  shortName: string
  format: (value: number | null) => Quantity
  /** Least height of the sparkline's scale; 0 = its own greatest value. */
  ceiling: number
}

/** Shares are drawn on the scale of the whole; errors on that of the critical threshold, 10 %. */
export const vitalColumns: readonly VitalColumn[] = [
  { vital: 'cpu', name: 'CPU', shortName: 'CPU', format: formatShare, ceiling: 1 },
  { vital: 'memory', name: 'Memory', shortName: 'Mem', format: formatShare, ceiling: 1 },
  { vital: 'responseTime', name: 'Response', shortName: 'Resp', format: formatSeconds, ceiling: 0 },
  { vital: 'errorRate', name: 'Errors', shortName: 'Err', format: formatShare, ceiling: 0.1 },
  { vital: 'requestRate', name: 'Requests/s', shortName: 'Req/s', format: formatRate, ceiling: 0 },
]
