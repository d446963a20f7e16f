import uPlot from 'uplot'
import { quantityText } from '../words/format-quantity.ts'
import { formatClock, formatShortClock } from '../words/format-time.ts'
import type { ChartVital } from './chart-vitals.ts'

const chartHeightPx = 112

export interface VitalChart {
  /** The chart's right edge is `endMs`, its left `spanMs` before. */
  draw(columns: [number[], (number | null)[]], time: { endMs: number; spanMs: number }): void
  resize(widthPx: number): void
  destroy(): void
}

/**
 * One live line with uPlot. Colours come from the element's custom properties, so a chart lives as long as
 * one theme. `onPoint` tells which point the crosshair is at; `null`: it is nowhere.
 */
export function drawVitalChart(options: {
  element: HTMLElement
  chart: ChartVital
  widthPx: number
  onPoint: (index: number | null) => void
}): VitalChart {
  const { element, chart, widthPx, onPoint } = options
  const style = getComputedStyle(element)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const axis: uPlot.Axis = {
    stroke: colour('--chart-text'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--chart-grid'), width: 1 },
    ticks: { show: false },
  }
  let fromMs = 0
  let endMs = 0
  const plot = new uPlot(
    {
      width: widthPx,
      height: chartHeightPx,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      // The same key for all charts of the drawer: one crosshair over everything.
      cursor: { sync: { key: 'agent' }, drag: { x: false, y: false }, points: { size: 7 }, y: false },
      scales: {
        x: { time: true, range: () => [fromMs / 1000, endMs / 1000] },
        y: { range: (_, __, highest) => [0, Math.max(chart.ceiling, (highest ?? 0) * 1.08)] },
      },
      axes: [
        {
          ...axis,
          space: 70,
          size: 22,
          gap: 4,
          values: (_, seconds, _axis, _space, stepSeconds) => {
            const format = stepSeconds < 60 ? formatClock : formatShortClock
            return seconds.map((second) => format(second * 1000))
          },
        },
        {
          ...axis,
          size: 52,
          gap: 6,
          space: 36,
          values: (_, values) => values.map((value) => quantityText(chart.format(value))),
        },
      ],
      series: [
        {},
        {
          stroke: colour('--chart-line'),
          fill: colour('--chart-fill'),
          width: 1.5,
          points: { show: false },
        },
      ],
      hooks: { setCursor: [(self) => onPoint(self.cursor.idx ?? null)] },
    },
    [[], []],
    element,
  )
  return {
    draw(columns, time) {
      endMs = time.endMs
      fromMs = time.endMs - time.spanMs
      plot.setData(columns)
    },
    resize: (width) => plot.setSize({ width, height: chartHeightPx }),
    destroy: () => plot.destroy(),
  }
}
