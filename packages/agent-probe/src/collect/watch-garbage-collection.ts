import { constants, PerformanceObserver, type PerformanceObserverEntryList } from 'node:perf_hooks'
import { attributeNames } from '@perfmon/protocol/names'
import type { HookGuard } from '../hook-guard.ts'
import {
  createDurationHistogram,
  type DurationHistogram,
  gcDurationBounds,
} from '../record/duration-histogram.ts'
import type { HrTime } from './metric-data.ts'

const kinds: Record<number, string> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
}

export interface GarbageCollectionWatch {
  readonly durations: DurationHistogram
  /** Counted since then. */
  readonly startTime: HrTime
  stop(): void
}

/** Garbage collections by type. The observer does not keep the agent alive. */
export const watchGarbageCollection = (
  guard: HookGuard,
  { startTime }: { startTime: HrTime },
): GarbageCollectionWatch => {
  const durations = createDurationHistogram({ bounds: gcDurationBounds, maxSets: 8 })
  const observe = guard.wrap<unknown, PerformanceObserverEntryList>((list) => {
    for (const entry of list.getEntries()) {
      const kind = kinds[(entry as { detail?: { kind?: number } }).detail?.kind ?? 0] ?? 'other'
      const series = durations.find(kind) ?? durations.admit(kind, { [attributeNames.gcType]: kind })
      durations.record(series, entry.duration / 1000)
    }
  })
  const observer = new PerformanceObserver((list) => observe.call(undefined, list))
  observer.observe({ entryTypes: ['gc'] })
  return { durations, startTime, stop: () => observer.disconnect() }
}
