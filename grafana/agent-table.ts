import { TableCellDisplayMode } from '@grafana/grafana-foundation-sdk/common'
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table'
import { alertThresholds } from './alert-thresholds.ts'
import { datasource, drillDown, type Limits, tableQuery, thresholdSteps } from './overview-panels.ts'
import type { vitalQueries } from './vital-queries.ts'

interface Column {
  readonly refId: string
  readonly title: string
  readonly unit: string
  readonly query: string
  readonly limits?: Limits
}

/** One row per agent process with its vital signs, the busiest CPU on top; cells take the alerts' colours. */
export function agentTable(vitals: ReturnType<typeof vitalQueries>): TablePanel {
  const columns: Column[] = [
    { refId: 'A', title: 'CPU', unit: 'percentunit', query: vitals.cpu, limits: alertThresholds.cpu },
    {
      refId: 'B',
      title: 'Memory',
      unit: 'percentunit',
      query: vitals.memory,
      limits: alertThresholds.memory,
    },
    {
      refId: 'C',
      title: 'Response',
      unit: 's',
      query: vitals.responseTime,
      limits: alertThresholds.responseTime,
    },
    {
      refId: 'D',
      title: 'Errors',
      unit: 'percentunit',
      query: vitals.errorRate,
      limits: alertThresholds.errorRate,
    },
    { refId: 'E', title: 'Requests', unit: 'reqps', query: vitals.requestRate },
  ]
  const titles = columns.map(({ refId, title }) => [`Value #${refId}`, title])
  const panel = new TablePanel()
    .title('Agents, worst first')
    .description(
      'Every agent process with its vital signs now; click a column to sort by it. Colours change at the limits of the default alerts.',
    )
    .datasource(datasource)
    .noValue('–')
    .span(24)
    .height(10)
    .filterable(true)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        renameByName: {
          service_namespace: 'Swarm',
          service_name: 'Agent',
          service_instance_id: 'Process',
          ...Object.fromEntries(titles),
        },
      },
    })
    // No dataLinks() for the whole panel: it would also turn every number into a link.
    .overrideByName('Agent', [{ id: 'links', value: [drillDown('__value.text').build()] }])
  for (const column of columns) {
    panel.withTarget(tableQuery(column.refId, column.query))
    panel.overrideByName(column.title, cellProperties(column))
  }
  return panel
}

function cellProperties({ unit, limits }: Column): DynamicConfigValue[] {
  const plain = [{ id: 'unit', value: unit }]
  if (limits === undefined) return plain
  return [
    ...plain,
    { id: 'thresholds', value: { mode: 'absolute', steps: thresholdSteps(limits) } },
    { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
  ]
}
