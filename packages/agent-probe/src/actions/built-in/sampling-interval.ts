import type { Setting } from '../setting-action.ts'

/** The time between reports, which can be changed while the agent runs. */
export interface ReportInterval {
  readMs(): number
  setMs(intervalMs: number): void
}

/** How often the probe reports. Its lateness is judged by what it says of itself, and that changes along. */
export const samplingInterval = ({ readMs, setMs }: ReportInterval): Setting => ({
  description: 'Sets how often the probe reports. A report costs about 2 ms of CPU.',
  arguments: { intervalMs: { type: 'number', min: 100, max: 3_600_000, step: 1, unit: 'ms' } },
  read: () => ({ intervalMs: readMs() }),
  apply({ intervalMs }) {
    if (intervalMs !== undefined) setMs(Number(intervalMs))
  },
})
