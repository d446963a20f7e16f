import type { Alert } from '@perfmon/protocol'
import { useEffect, useRef } from 'preact/hooks'
import { useMedia } from '../agents/use-media.ts'
import { startOf, worseFirst } from '../alerts/alert-order.ts'
import type { AgentRow } from '../live/live-state.ts'
import { isStale } from '../page/connection-view.ts'
import { Figure } from '../page/figure.tsx'
import { ForeignText } from '../page/foreign-text.tsx'
import { Mark } from '../page/mark.tsx'
import { usePage } from '../page/page-model.ts'
import { formatInUnit, quantityText } from '../words/format-quantity.ts'
import { formatAgo, formatMoment, formatSpan } from '../words/format-time.ts'
import { chartSpanMs } from './chart-points.ts'
import { chartVitals } from './chart-vitals.ts'
import { useVitalPoints } from './use-vital-points.ts'
import { VitalChartFigure } from './vital-chart.tsx'

/** Attributes shown; an agent may send thousands. */
const mostAttributes = 100

/** Details of the agent that the address names. Not modal: the list stays in reach, to go from one to the next. */
export function AgentDrawer() {
  const page = usePage()
  page.version.value
  const { agentId } = page.route.value
  if (agentId === null || !page.state.ready) return null
  const row = page.state.agents.get(agentId)
  return <Drawer agentId={agentId} row={row} />
}

function Drawer({ agentId, row }: { agentId: string; row: AgentRow | undefined }) {
  const page = usePage()
  const drawer = useRef<HTMLElement>(null)
  const openedBy = useRef<Element | null>(null)

  useEffect(() => {
    openedBy.current = document.activeElement
    return () => {
      if (openedBy.current instanceof HTMLElement) openedBy.current.focus({ preventScroll: true })
    }
  }, [])
  // Another agent is another drawer to the keyboard.
  useEffect(() => {
    drawer.current?.focus({ preventScroll: true })
    drawer.current?.scrollTo(0, 0)
  }, [agentId])
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !page.keysShown.value) page.closeAgent()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [page])

  return (
    <section
      ref={drawer}
      class={`drawer${isStale(page.connection.value) ? ' stale' : ''}`}
      role="dialog"
      aria-labelledby="drawer-title"
      tabIndex={-1}
    >
      <div class="drawer-head">
        <div class="drawer-title">
          <h2 id="drawer-title">
            <ForeignText text={row?.agent.name ?? agentId} />
          </h2>
          {row && (
            <span class={`cell-status status-${row.agent.status}`}>
              <Mark shape={row.agent.status} />
              {row.agent.status}
            </span>
          )}
        </div>
        <button
          type="button"
          class="button icon-button"
          aria-label="Close"
          title="Close (Esc)"
          onClick={page.closeAgent}
        >
          <svg class="line-icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="m4 4 8 8M12 4l-8 8" />
          </svg>
        </button>
      </div>
      {row ? (
        <AgentDetails row={row} />
      ) : (
        <p class="nothing">No agent with this id is listed. It may have left, or it has not reported yet.</p>
      )}
    </section>
  )
}

function AgentDetails({ row }: { row: AgentRow }) {
  const page = usePage()
  const { agent } = row
  const { points, version, history } = useVitalPoints(page, row)
  const systemDark = useMedia('(prefers-color-scheme: dark)')
  const nowMs = page.viewNowMs.value
  const spanMs = chartSpanMs(page.state.nowMs, agent.firstSeenMs)
  return (
    <div class="drawer-body">
      <p class="drawer-facts">
        <span>
          <ForeignText text={agent.swarm} />
        </span>
        <span title={formatMoment(agent.lastSeenMs)}>seen {formatAgo(nowMs - agent.lastSeenMs)}</span>
        <span title={formatMoment(agent.firstSeenMs)}>known for {formatSpan(nowMs - agent.firstSeenMs)}</span>
        <span>
          {agent.source === 'otlp' ? 'OTLP' : 'WebSocket'}
          {agent.reportIntervalMs !== null &&
            `, every ${quantityText(formatInUnit(agent.reportIntervalMs, 'ms'))}`}
        </span>
      </p>
      <AgentAlerts row={row} />
      <section aria-labelledby="drawer-vitals">
        <h3 id="drawer-vitals">
          Vital signs <span class="quiet">last {formatSpan(spanMs)}</span>
        </h3>
        {history.kind === 'failed' && (
          <p class="note-warning">
            <Mark shape="warning" />
            Stored history could not be read: {history.reason}
          </p>
        )}
        <div class="charts">
          {chartVitals.map((chart) => (
            <VitalChartFigure
              key={chart.vital}
              chart={chart}
              points={points[chart.vital]}
              pointsVersion={version}
              spanMs={spanMs}
              current={agent.vitals[chart.vital]}
              reportIntervalMs={agent.reportIntervalMs}
              colours={`${page.theme.value} ${systemDark}`}
            />
          ))}
        </div>
      </section>
      <Attributes attributes={agent.attributes} agentId={agent.id} />
    </div>
  )
}

function AgentAlerts({ row }: { row: AgentRow }) {
  const alerts = [...row.alerts].sort(worseFirst).slice(0, 20)
  if (alerts.length === 0) return null
  return (
    <section aria-labelledby="drawer-alerts">
      <h3 id="drawer-alerts">Alerts</h3>
      <ul class="drawer-alerts">
        {alerts.map((alert) => (
          <AgentAlert key={alert.id} alert={alert} />
        ))}
      </ul>
    </section>
  )
}

function AgentAlert({ alert }: { alert: Alert }) {
  const nowMs = usePage().viewNowMs.value
  const shape = alert.state === 'active' ? alert.severity : 'pending'
  const { value, threshold, unit } = alert
  return (
    <li class={`severity-edge edge-${shape}`}>
      <span class={`severity severity-${shape}`}>
        <Mark shape={shape} />
        {alert.state === 'active' ? alert.severity : `pending ${alert.severity}`}
      </span>
      <span class="drawer-alert-words">
        <strong>
          <ForeignText text={alert.rule} />
        </strong>{' '}
        <ForeignText text={alert.summary} />
      </span>
      <span class="drawer-alert-value">
        <Figure quantity={formatInUnit(value, unit)} />
        {threshold !== null && (
          <span class="quiet"> limit {quantityText(formatInUnit(threshold, unit))}</span>
        )}
      </span>
      <span class="quiet figure">for {formatSpan(nowMs - startOf(alert))}</span>
    </li>
  )
}

function Attributes({ attributes, agentId }: { attributes: Record<string, string>; agentId: string }) {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))
  return (
    <section aria-labelledby="drawer-attributes">
      <h3 id="drawer-attributes">
        Resource attributes <span class="quiet figure">{entries.length}</span>
      </h3>
      <dl class="attributes">
        <div>
          <dt>id</dt>
          <dd>
            <ForeignText text={agentId} longest={400} />
          </dd>
        </div>
        {entries.slice(0, mostAttributes).map(([name, value]) => (
          <div key={name}>
            <dt>
              <ForeignText text={name} />
            </dt>
            <dd>
              <ForeignText text={value} longest={400} />
            </dd>
          </div>
        ))}
      </dl>
      {entries.length > mostAttributes && <p class="quiet">and {entries.length - mostAttributes} more</p>}
    </section>
  )
}
