import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeSeriesPanel } from '@grafana/grafana-foundation-sdk/timeseries'

export const datasource = { type: 'prometheus', uid: '$datasource' }

export interface Limits {
  readonly warning: number
  readonly critical: number
}

interface PanelOptions {
  readonly title: string
  /** One or two sentences: what it says, and what to do or suspect when it is bad. */
  readonly description: string
  readonly unit: string
  readonly limits?: Limits
}

interface LinePanelOptions extends PanelOptions {
  readonly lines: readonly Line[]
  /** False: its series do not belong to an agent. */
  readonly drillDown?: boolean
}

interface Line {
  readonly query: string
  readonly legend: string
}

/** Green below `warning`, orange from there, red from `critical`. */
export function thresholdSteps(limits: Limits): Threshold[] {
  return [
    { color: 'green', value: null },
    { color: 'orange', value: limits.warning },
    { color: 'red', value: limits.critical },
  ]
}

function thresholds(limits: Limits | undefined): ThresholdsConfigBuilder {
  const steps = limits === undefined ? [{ color: 'green', value: null }] : thresholdSteps(limits)
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps)
}

/** The same dashboard for one role, with time range and swarm kept. */
export function drillDown(agentLabel: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Only this agent').url(
    `/d/perfmon-swarm-overview?\${__url_time_range}&\${swarm:queryparam}&var-agent=\${${agentLabel}:percentencode}`,
  )
}

/** One number for the whole selection. */
export function statPanel(options: PanelOptions & { readonly query: string }): StatPanel {
  return new StatPanel()
    .title(options.title)
    .description(options.description)
    .datasource(datasource)
    .unit(options.unit)
    .thresholds(thresholds(options.limits))
    .noValue('no data')
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .span(4)
    .height(4)
    .withTarget(rangeQuery('A', { query: options.query, legend: options.title }))
}

/** Lines over time, worst last value first in the legend. */
export function linePanel(options: LinePanelOptions): TimeSeriesPanel {
  const panel = new TimeSeriesPanel()
    .title(options.title)
    .description(options.description)
    .datasource(datasource)
    .unit(options.unit)
    .min(0)
    .thresholds(thresholds(options.limits))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .noValue('no data')
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max'])
        .sortBy('Last *')
        .sortDesc(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .span(8)
    .height(9)
  if (options.drillDown !== false) panel.dataLinks([drillDown('__field.labels.service_name')])
  if (options.limits !== undefined) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  }
  options.lines.forEach((line, position) => {
    panel.withTarget(rangeQuery(String.fromCharCode(65 + position), line))
  })
  return panel
}

function rangeQuery(refId: string, line: Line): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(datasource)
    .expr(line.query)
    .legendFormat(line.legend)
    .range()
    .refId(refId)
}

/** The newest value of every series, as rows of a table. */
export function tableQuery(refId: string, expression: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(datasource)
    .expr(expression)
    .format(PromQueryFormat.Table)
    .instant()
    .refId(refId)
}
