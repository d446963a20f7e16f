import { AggregationTemporality, type MetricData } from '@opentelemetry/sdk-metrics'
import { attributeNames } from '@perfmon/protocol/names'
import { counter, gauge, upDownSum, type Window } from '../collect/metric-data.ts'
import { metricList } from '../collect/metric-list.ts'
import type { ThreadsReading } from './absorb-threads.ts'

const cumulative = AggregationTemporality.CUMULATIVE

/**
 * Under names of their own: a thread has a heap and an event loop of its own, and its limit too, so that none
 * of them can be added to the main thread's without lying. Nothing where there never was a worker thread.
 */
export const readThreadMetrics = (threads: ThreadsReading | undefined, window: Window): MetricData[] => {
  if (threads === undefined) return []
  const state = (name: string) => ({ [attributeNames.eventLoopState]: name })
  return [
    upDownSum(metricList.workersActive, [{ value: threads.running }], window),
    counter(metricList.workersStarted, [{ value: threads.started }], window, cumulative),
    counter(
      metricList.workerLoopTime,
      [
        { value: threads.loopActiveSeconds, attributes: state('active') },
        { value: threads.loopIdleSeconds, attributes: state('idle') },
      ],
      window,
      cumulative,
    ),
    ...(threads.busiestLoop === undefined
      ? []
      : [gauge(metricList.workerLoopUtilization, [{ value: threads.busiestLoop }], window)]),
    upDownSum(metricList.workerHeapUsed, [{ value: threads.heapUsedBytes }], window),
    gauge(metricList.workerHeapUtilization, [{ value: threads.fullestHeap }], window),
  ]
}
