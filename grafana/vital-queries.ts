import { metricNames } from '../packages/protocol/src/names.ts'
import { prometheusName } from './prometheus-name.ts'

const cpuSeconds = prometheusName(metricNames.processCpuTime, 'counter', 's')
const memoryShare = prometheusName(metricNames.processMemoryUtilization, 'gauge', '1')
const heapUsed = prometheusName(metricNames.heapUsed, 'gauge', 'By')
const heapLimit = prometheusName(metricNames.heapLimit, 'gauge', 'By')
const served = prometheusName(metricNames.httpServerDuration, 'histogram', 's')
const made = prometheusName(metricNames.httpClientDuration, 'histogram', 's')

/** One agent process. `service_namespace` is its swarm, `service_name` its role. */
const process = 'service_namespace, service_name, service_instance_id'

interface QueryScope {
  /** Label matchers without braces; empty for the whole fleet. */
  readonly matchers: string
  /** A range such as `5m` or `$__rate_interval`. */
  readonly range: string
}

/**
 * The vital signs of Perfmon's agents in PromQL, one series per agent process, by the same formulas as the
 * aggregator's own (core's `vital-signs.ts`), so that both show the same number for the same agent.
 */
export function vitalQueries({ matchers, range }: QueryScope) {
  const more = (...further: readonly string[]) => {
    const all = [matchers, ...further].filter(Boolean).join(', ')
    return all === '' ? '' : `{${all}}`
  }
  const rate = (metric: string, ...further: readonly string[]) =>
    `sum by (${process}) (rate(${metric}${more(...further)}[${range}]))`
  // Served and made requests are different metrics with the same labels: `or` alone would drop one of them.
  const both = (...further: readonly string[]) =>
    `sum by (${process}) (label_replace(rate(${served}_count${more(...further)}[${range}]), "side", "served", "", "")` +
    ` or label_replace(rate(${made}_count${more(...further)}[${range}]), "side", "made", "", ""))`

  return {
    cpu: rate(cpuSeconds),
    memory:
      `max by (${process}) (label_replace(sum by (${process}) (${memoryShare}${more()}), "limit", "machine", "", "")` +
      ` or label_replace(sum by (${process}) (${heapUsed}${more()}) / max by (${process}) (${heapLimit}${more()}),` +
      ' "limit", "heap", "", ""))',
    responseTime: `${rate(`${served}_sum`)} / (${rate(`${served}_count`)} > 0)`,
    // An agent without a failure has no failed series at all: zero times its requests stands in for it.
    errorRate: `(${both('error_type!=""')} or 0 * ${both()}) / (${both()} > 0)`,
    requestRate: both(),
  }
}
