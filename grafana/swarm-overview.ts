import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { metricNames } from '../packages/protocol/src/names.ts'
import { agentTable } from './agent-table.ts'
import { alertThresholds } from './alert-thresholds.ts'
import { datasource, linePanel, statPanel } from './overview-panels.ts'
import { prometheusName } from './prometheus-name.ts'
import { vitalQueries } from './vital-queries.ts'

const uptime = prometheusName(metricNames.processUptime, 'gauge', 's')
const selected = 'service_namespace=~"$swarm", service_name=~"$agent"'
const range = '$__rate_interval'
const vitals = vitalQueries({ matchers: selected, range })

const served = prometheusName(metricNames.httpServerDuration, 'histogram', 's')
const made = prometheusName(metricNames.httpClientDuration, 'histogram', 's')
const gcSeconds = prometheusName(metricNames.gcDuration, 'histogram', 's')
const eventLoop = prometheusName(metricNames.eventLoopUtilization, 'gauge', '1')
const eventLoopDelay = prometheusName(`${metricNames.eventLoopDelayPrefix}p99`, 'gauge', 's')
const memoryUsage = prometheusName(metricNames.processMemoryUsage, 'gauge', 'By')
const openRequests = prometheusName(metricNames.httpServerActiveRequests, 'gauge')
const droppedPoints = prometheusName(metricNames.probeDroppedPoints, 'counter')
const probeCpu = prometheusName(metricNames.probeCpuTime, 'counter', 's')

const byRole = 'service_namespace, service_name'
const role = '{{service_namespace}} / {{service_name}}'
const worst = (perProcess: string) => `max by (${byRole}) (${perProcess})`
const quantile = (share: number, metric: string, by: string) =>
  `histogram_quantile(${share}, sum by (le, ${by}) (rate(${metric}_bucket{${selected}}[${range}])))`

/** The one dashboard: is the swarm well, what do its requests do, what do they cost, is the measuring well. */
export function swarmOverview(): Dashboard {
  const dashboard = new DashboardBuilder('Perfmon swarm overview')
    .uid('perfmon-swarm-overview')
    .description(
      'Agents of one or several swarms, measured by the Perfmon probe. Limits are those of the default alerts.',
    )
    .tags(['perfmon', 'agents'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(labelVariable('swarm', 'Swarm', `label_values(${uptime}, service_namespace)`))
    .withVariable(
      labelVariable('agent', 'Agent', `label_values(${uptime}{service_namespace=~"$swarm"}, service_name)`),
    )
    .annotation(
      new AnnotationQueryBuilder()
        .name('Perfmon alerts')
        .datasource(datasource)
        .enable(true)
        .iconColor('red')
        .expr(`ALERTS{alertname=~"Perfmon.*", alertstate="firing", ${selected}}`),
    )
    .withRow(new RowBuilder('Is the swarm well?'))
    .withPanel(
      statPanel({
        title: 'Agents reporting',
        description:
          'Agent processes heard from in the last two minutes. A falling number means crashed, hung or cut-off agents.',
        unit: 'short',
        query: `count(time() - timestamp(${uptime}{${selected}}) < 120)`,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Requests',
        description: 'HTTP requests served and made by all selected agents, per second.',
        unit: 'reqps',
        query: `sum(${vitals.requestRate})`,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Worst error share',
        description:
          'The agent with the largest share of failed requests: served with 5xx or not at all, made with 4xx, 5xx or a broken connection.',
        unit: 'percentunit',
        limits: alertThresholds.errorRate,
        query: `max(${vitals.errorRate})`,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Worst response time',
        description:
          'Mean duration of served requests, of the slowest agent. Compare with its event loop and its own outgoing requests.',
        unit: 's',
        limits: alertThresholds.responseTime,
        query: `max(${vitals.responseTime})`,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Busiest CPU',
        description: 'CPU of the busiest agent; 100 % is one core. Above 100 % worker threads are at work.',
        unit: 'percentunit',
        limits: alertThresholds.cpu,
        query: `max(${vitals.cpu})`,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Fullest memory',
        description: 'The agent nearest to a memory limit: of the machine or container, or of the V8 heap.',
        unit: 'percentunit',
        limits: alertThresholds.memory,
        query: `max(${vitals.memory})`,
      }),
    )
    .withPanel(agentTable(vitals))
    .withRow(new RowBuilder('What do the requests do?'))
    .withPanel(
      linePanel({
        title: 'Requests by agent',
        description: 'Requests served and made per second, all processes of a role together.',
        unit: 'reqps',
        lines: [{ query: `sum by (${byRole}) (${vitals.requestRate})`, legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Error share by agent',
        description: 'Share of failed requests in the worst process of each role.',
        unit: 'percentunit',
        limits: alertThresholds.errorRate,
        lines: [{ query: worst(vitals.errorRate), legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Response time by agent',
        description:
          'Mean and 95th percentile of served requests. The percentile is interpolated in histogram buckets. The limits apply to the mean.',
        unit: 's',
        limits: alertThresholds.responseTime,
        lines: [
          { query: worst(vitals.responseTime), legend: `${role} mean` },
          { query: quantile(0.95, served, byRole), legend: `${role} p95` },
        ],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Outgoing requests, p95',
        description: 'How long agents wait for models, tools and each other, by the host that they call.',
        unit: 's',
        lines: [
          {
            query: quantile(0.95, made, 'service_name, server_address'),
            legend: '{{service_name}} → {{server_address}}',
          },
        ],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Outgoing failures by cause',
        description:
          'Failed requests that agents made, per second, by error.type: a status code, or the name of the network error.',
        unit: 'reqps',
        lines: [
          {
            query: `sum by (service_name, error_type) (rate(${made}_count{${selected}, error_type!=""}[${range}]))`,
            legend: '{{service_name}}: {{error_type}}',
          },
        ],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Open requests',
        description:
          'Requests that are being served right now. Growth without more traffic means that agents stall.',
        unit: 'short',
        lines: [{ query: `sum by (${byRole}) (${openRequests}{${selected}})`, legend: role }],
      }),
    )
    .withRow(new RowBuilder('What do they cost?'))
    .withPanel(
      linePanel({
        title: 'CPU by agent',
        description: 'CPU of the busiest process of each role; 100 % is one core.',
        unit: 'percentunit',
        limits: alertThresholds.cpu,
        lines: [{ query: worst(vitals.cpu), legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Memory share by agent',
        description:
          'Share of the nearest limit (machine, container or V8 heap) in the fullest process of each role.',
        unit: 'percentunit',
        limits: alertThresholds.memory,
        lines: [{ query: worst(vitals.memory), legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Memory by agent',
        description:
          'Resident memory of all processes of a role. Steady growth under steady traffic is a leak.',
        unit: 'bytes',
        lines: [{ query: `sum by (${byRole}) (${memoryUsage}{${selected}})`, legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Event loop busy',
        description:
          'Share of time in which the event loop was not idle. Near 100 % the agent answers late whatever its CPU says.',
        unit: 'percentunit',
        lines: [{ query: worst(`${eventLoop}{${selected}}`), legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Event loop delay, p99',
        description:
          'How late timers fire. High values are long synchronous work: parsing, hashing, large JSON.',
        unit: 's',
        lines: [{ query: worst(`${eventLoopDelay}{${selected}}`), legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Garbage collection',
        description: 'Share of time spent collecting garbage. Above some percent look at the memory panels.',
        unit: 'percentunit',
        lines: [
          { query: `max by (${byRole}) (rate(${gcSeconds}_sum{${selected}}[${range}]))`, legend: role },
        ],
      }),
    )
    .withRow(new RowBuilder('Is the measuring well?'))
    .withPanel(
      linePanel({
        title: "Probe's own CPU",
        description: 'CPU that measuring costs the agents; 100 % is one core.',
        unit: 'percentunit',
        lines: [{ query: worst(`rate(${probeCpu}{${selected}}[${range}])`), legend: role }],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Points that probes dropped',
        description:
          'Data points per second that probes could not deliver. Anything but zero: the collector was away too long, or refuses.',
        unit: 'cps',
        lines: [
          { query: `sum by (${byRole}) (rate(${droppedPoints}{${selected}}[${range}]))`, legend: role },
        ],
      }),
    )
    .withPanel(
      linePanel({
        title: 'Waiting in the collector',
        drillDown: false,
        description:
          'Data points (aggregator) and requests (Prometheus) in the queues of the collector. Growth: that receiver is away or too slow. Needs the collector as a scrape target.',
        unit: 'short',
        lines: [
          {
            query: 'sum by (exporter) (otelcol_exporter_queue_size{data_type="metrics"})',
            legend: '{{exporter}}',
          },
        ],
      }),
    )
    .build()
  // The builder leaves ids out; links to a panel and its alerts need them, and they must not move by chance.
  dashboard.panels = dashboard.panels?.map((panel, position) => ({ ...panel, id: position + 1 })) ?? []
  return dashboard
}

function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' })
}
