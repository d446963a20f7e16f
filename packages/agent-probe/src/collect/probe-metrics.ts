import { AggregationTemporality, type MetricData } from '@opentelemetry/sdk-metrics'
import type { BudgetView } from '../budget/watch-budget.ts'
import { counter, gauge, upDownSum, type Window } from './metric-data.ts'
import { metricList } from './metric-list.ts'
import type { ProbeAccount } from './probe-account.ts'

/** What only a running probe has: absent in a process that ends before it ever reported. */
export interface ProbeState extends BudgetView {
  readonly intervalMs: number
  /** Of HTTP requests recorded; 1 is all. */
  readonly samplingRatio: number
  readonly memoryBytes: number
}

/** Reason of a dropped point. */
const dropReason = 'perfmon.drop.reason'
const part = 'perfmon.probe.part'
const budgetKind = 'perfmon.probe.budget.kind'
const budgetDirection = 'perfmon.probe.budget.direction'

const cumulative = AggregationTemporality.CUMULATIVE

const stateMetrics = (state: ProbeState, window: Window): MetricData[] => {
  const { intervalMs, samplingRatio, memoryBytes, changes, limits } = state
  const { reportShare, hookShare, step } = state.state
  return [
    upDownSum(metricList.probeMemory, [{ value: memoryBytes }], window),
    gauge(
      metricList.probeBudgetUsed,
      [
        { value: (reportShare + hookShare) / limits.cpuShare, attributes: { [budgetKind]: 'cpu' } },
        { value: memoryBytes / limits.memoryBytes, attributes: { [budgetKind]: 'memory' } },
      ],
      window,
    ),
    gauge(metricList.probeBudgetStep, [{ value: step }], window),
    gauge(metricList.probeInterval, [{ value: intervalMs / 1000 }], window),
    ...(samplingRatio < 1 ? [gauge(metricList.probeSamplingRatio, [{ value: samplingRatio }], window)] : []),
    // Nobody needs to be told that nothing ever changed: the step says it.
    ...(changes.down === 0
      ? []
      : [
          counter(
            metricList.probeBudgetChanges,
            [
              { value: changes.down, attributes: { [budgetDirection]: 'down' } },
              { value: changes.up, attributes: { [budgetDirection]: 'up' } },
            ],
            window,
            cumulative,
          ),
        ]),
  ]
}

/** What the probe itself costs, loses and leaves out. */
export const readProbeMetrics = ({
  account,
  hookSeconds,
  hookFailures,
  state,
  window,
}: {
  account: ProbeAccount
  hookSeconds: number
  hookFailures: number
  state: ProbeState | undefined
  window: Window
}): MetricData[] => {
  const dropped = [...account.dropped()]
  if (hookFailures > 0) dropped.push(['hook_failed', hookFailures])
  const points = dropped.map(([reason, value]) => ({ value, attributes: { [dropReason]: reason } }))
  const { body, wire, requests } = account.sentBytes()
  const sum = (descriptor: Parameters<typeof counter>[0], value: number) =>
    counter(descriptor, [{ value }], window, cumulative)
  return [
    counter(
      metricList.probeCpuTime,
      [
        { value: account.cpuSeconds(), attributes: { [part]: 'report' } },
        { value: hookSeconds, attributes: { [part]: 'hooks' } },
      ],
      window,
      cumulative,
    ),
    // Zero is said too: a counter that appears with its first loss hides that loss.
    counter(metricList.droppedPoints, points.length > 0 ? points : [{ value: 0 }], window, cumulative),
    sum(metricList.probeSentBytes, wire),
    sum(metricList.probeReportBytes, body),
    sum(metricList.probeSentRequests, requests),
    ...(state === undefined ? [] : stateMetrics(state, window)),
  ]
}
