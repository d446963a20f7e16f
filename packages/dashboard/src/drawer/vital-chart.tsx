import { useEffect, useRef, useState } from 'preact/hooks'
import { Figure } from '../page/figure.tsx'
import { usePage } from '../page/page-model.ts'
import { quantityText } from '../words/format-quantity.ts'
import { formatClock } from '../words/format-time.ts'
import { chartColumns } from './chart-points.ts'
import type { ChartVital } from './chart-vitals.ts'
import type { VitalChart } from './draw-vital-chart.ts'
import type { VitalPoints } from './vital-history.ts'

interface VitalChartProps {
  chart: ChartVital
  points: VitalPoints
  /** A number of its own, because the points are changed in place. */
  pointsVersion: number
  current: number | null
  spanMs: number
  reportIntervalMs: number | null
  /** Changes with the theme: colours are drawn, not styled. */
  colours: string
}

export function VitalChartFigure(props: VitalChartProps) {
  const { chart, points, pointsVersion, current, spanMs, reportIntervalMs, colours } = props
  const page = usePage()
  const host = useRef<HTMLDivElement>(null)
  const drawn = useRef<VitalChart | null>(null)
  const columns = useRef<[number[], (number | null)[]]>([[], []])
  const [pointed, setPointed] = useState<number | null>(null)
  const [failed, setFailed] = useState(false)
  const nowMs = page.state.nowMs
  // The chart is made when its code has come: by then the span of the first rendering may be old.
  const latestSpanMs = useRef(spanMs)
  latestSpanMs.current = spanMs

  // `colours` is read through the element's style.
  useEffect(() => {
    const element = host.current
    if (!element) return
    let gone = false
    const resizing = new ResizeObserver(() => drawn.current?.resize(element.clientWidth))
    import('./draw-vital-chart.ts').then(
      ({ drawVitalChart }) => {
        if (gone) return
        drawn.current = drawVitalChart({ element, chart, widthPx: element.clientWidth, onPoint: setPointed })
        drawn.current.draw(columns.current, { endMs: page.state.nowMs, spanMs: latestSpanMs.current })
        resizing.observe(element)
      },
      // The aggregator was upgraded under an open page: the old chunk is gone.
      () => setFailed(true),
    )
    return () => {
      gone = true
      resizing.disconnect()
      drawn.current?.destroy()
      drawn.current = null
    }
  }, [chart, colours, page])

  // The points change in place; their version says when.
  useEffect(() => {
    columns.current = chartColumns(points, reportIntervalMs)
    drawn.current?.draw(columns.current, { endMs: nowMs, spanMs })
  }, [points, pointsVersion, reportIntervalMs, nowMs, spanMs])

  const at = pointed === null ? undefined : columns.current[0][pointed]
  const shown = at === undefined ? current : (columns.current[1][pointed ?? 0] ?? null)
  return (
    <figure class="chart">
      <figcaption>
        <h4>{chart.name}</h4>
        <span class="chart-note">{at === undefined ? chart.note : formatClock(at * 1000)}</span>
        <span class="chart-value">
          <Figure quantity={chart.format(shown)} />
        </span>
      </figcaption>
      <div ref={host} class="chart-canvas" role="img" aria-label={chartSummary(chart, points, current)} />
      {points.values.length === 0 && !failed && <p class="chart-empty">not reported</p>}
      {failed && <p class="chart-empty">The chart could not be loaded. Reload the page.</p>}
    </figure>
  )
}

/** The chart for those who do not see it. */
function chartSummary(chart: ChartVital, points: VitalPoints, current: number | null): string {
  if (points.values.length === 0) return `${chart.name}: not reported`
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of points.values) {
    if (value < least) least = value
    if (value > most) most = value
  }
  const words = (value: number | null) => quantityText(chart.format(value))
  return `${chart.name}: now ${words(current)}, least ${words(least)}, most ${words(most)}`
}
