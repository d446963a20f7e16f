import type { Alert } from '@perfmon/protocol'
import { useState } from 'preact/hooks'
import { Chevron } from '../page/chevron.tsx'
import { Figure } from '../page/figure.tsx'
import { ForeignText } from '../page/foreign-text.tsx'
import { isPlainClick } from '../page/is-plain-click.ts'
import { Mark, type MarkShape } from '../page/mark.tsx'
import { usePage } from '../page/page-model.ts'
import { clipText, counted } from '../words/clip-text.ts'
import { formatInUnit, quantityText } from '../words/format-quantity.ts'
import { formatAgo, formatMoment, formatSpan } from '../words/format-time.ts'
import { agentOfAlert } from './agent-of-alert.ts'
import { type AlertItem, firstOf, openAlertItems, resolvedAlerts, startOf } from './alert-order.ts'

/** Lines shown at first, and the most that unfold: beyond that the agents' filter is the better tool. */
const firstLines = 6
const mostLines = 100
const resolvedLines = 20

export function AlertsPanel() {
  const page = usePage()
  const [all, setAll] = useState(false)
  page.version.value
  const items = openAlertItems(page.state.alerts.values())
  const resolved = resolvedAlerts(page.state.alerts.values())
  const active = [...page.state.alerts.values()].filter((alert) => alert.state === 'active').length
  const shown = items.slice(0, all ? mostLines : firstLines)
  return (
    <section class="panel alerts" aria-labelledby="alerts-title">
      <div class="panel-head">
        <h2 id="alerts-title">Active alerts</h2>
        <span class="count">{active.toLocaleString('en')}</span>
      </div>
      {items.length === 0 && <NoAlerts resolved={resolved} />}
      {shown.length > 0 && (
        <ul class="alert-list">
          {shown.map((item) => (
            <AlertEntry key={item.kind === 'alert' ? item.alert.id : item.key} item={item} />
          ))}
        </ul>
      )}
      {items.length > firstLines && (
        <button type="button" class="more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${items.length}`}
        </button>
      )}
      {resolved.length > 0 && <ResolvedAlerts alerts={resolved} />}
    </section>
  )
}

function NoAlerts({ resolved }: { resolved: readonly Alert[] }) {
  const page = usePage()
  const latest = resolved[0]?.resolvedAtMs
  return (
    <p class="nothing">
      <Mark shape="resolved" />
      <span>
        No alerts. {counted(page.state.rules, 'rule')} {page.state.rules === 1 ? 'watches' : 'watch'}{' '}
        {counted(page.state.agents.size, 'agent')}
        {latest ? `; the last alert ended ${formatAgo(page.viewNowMs.value - latest)}.` : '.'}
      </span>
    </p>
  )
}

function AlertEntry({ item }: { item: AlertItem }) {
  const [open, setOpen] = useState(false)
  if (item.kind === 'alert') return <AlertLine alert={item.alert} />
  const first = firstOf(item)
  return (
    <>
      <li class={`alert-line alert-${first.state}`}>
        <Severity alert={first} />
        <div class="alert-what">
          <span class="alert-rule">
            <ForeignText text={item.rule} />
          </span>
          <span class="alert-summary">{clipText(first.summary)}</span>
        </div>
        <button type="button" class="link alert-agent" aria-expanded={open} onClick={() => setOpen(!open)}>
          {counted(item.alerts.length, 'agent')}
          <Chevron open={open} />
        </button>
        <AlertValue alert={worstValue(item.alerts)} prefix="worst " />
        <Since alert={first} />
      </li>
      {open &&
        item.alerts.slice(0, mostLines).map((alert) => <AlertLine key={alert.id} alert={alert} nested />)}
      {open && item.alerts.length > mostLines && (
        <li class="alert-line alert-rest">and {counted(item.alerts.length - mostLines, 'agent')} more</li>
      )}
    </>
  )
}

/** The member furthest from its threshold, on whichever side it lies. */
function worstValue(alerts: readonly Alert[]): Alert {
  const distance = ({ value, threshold }: Alert) =>
    value === null || threshold === null ? -1 : Math.abs(value - threshold)
  return alerts.reduce((worst, alert) => (distance(alert) > distance(worst) ? alert : worst))
}

function AlertLine({ alert, nested = false }: { alert: Alert; nested?: boolean }) {
  return (
    <li class={`alert-line alert-${alert.state}${nested ? ' alert-nested' : ''}`}>
      <Severity alert={alert} />
      <div class="alert-what">
        <span class="alert-rule">
          <ForeignText text={alert.rule} />
        </span>
        <span class="alert-summary">
          <ForeignText text={alert.summary} />
        </span>
      </div>
      <AlertAgent alert={alert} />
      <AlertValue alert={alert} />
      <Since alert={alert} />
    </li>
  )
}

function Severity({ alert }: { alert: Alert }) {
  const shape: MarkShape = alert.state === 'active' ? alert.severity : alert.state
  const words = alert.state === 'pending' ? `pending ${alert.severity}` : alert.severity
  return (
    <span class={`severity severity-${shape}`}>
      <Mark shape={shape} />
      {words}
    </span>
  )
}

/** The agent's name, as a link to its details. */
function AlertAgent({ alert }: { alert: Alert }) {
  const page = usePage()
  const agentId = agentOfAlert(alert)
  if (agentId === null) return <span class="alert-agent quiet">{clipText(alert.labels['swarm'] ?? '')}</span>
  const row = page.state.agents.get(agentId)
  return (
    <a
      class="alert-agent"
      href={`#${new URLSearchParams({ agent: agentId })}`}
      onClick={(event) => {
        if (!isPlainClick(event)) return
        event.preventDefault()
        page.openAgent(agentId)
      }}
    >
      <ForeignText text={row?.agent.name ?? agentId} />
      {row && (
        <span class="quiet">
          {' '}
          <ForeignText text={row.agent.swarm} />
        </span>
      )}
    </a>
  )
}

function AlertValue({ alert, prefix = '' }: { alert: Alert; prefix?: string }) {
  const { value, threshold, unit } = alert
  if (value === null) return <span class="alert-value quiet">no data</span>
  const limit = threshold === null ? '' : quantityText(formatInUnit(threshold, unit))
  return (
    <span class="alert-value">
      {prefix !== '' && <span class="quiet">{prefix}</span>}
      <Figure quantity={clipUnit(formatInUnit(value, unit))} />
      {limit !== '' && <span class="quiet alert-limit"> limit {clipText(limit, 24)}</span>}
    </span>
  )
}

/** Units come from rules files: as long as their author liked. */
function clipUnit(quantity: { text: string; unit: string }) {
  return { text: quantity.text, unit: clipText(quantity.unit, 16) }
}

function Since({ alert }: { alert: Alert }) {
  const startMs = startOf(alert)
  const spanMs = usePage().viewNowMs.value - startMs
  return (
    <time
      class="alert-since figure"
      dateTime={new Date(startMs).toISOString()}
      title={`since ${formatMoment(startMs)}`}
    >
      for {formatSpan(spanMs)}
    </time>
  )
}

const reasonWords: Record<NonNullable<Alert['resolveReason']>, string> = {
  recovered: 'recovered',
  'no-data': 'its data stopped',
  'agent-left': 'the agent left',
  'rule-removed': 'the rule was removed',
}

function ResolvedAlerts({ alerts }: { alerts: readonly Alert[] }) {
  const nowMs = usePage().viewNowMs.value
  return (
    <details class="resolved">
      <summary>
        <Chevron open={false} />
        Resolved lately <span class="count">{alerts.length}</span>
      </summary>
      <ul class="alert-list">
        {alerts.slice(0, resolvedLines).map((alert) => (
          <li key={alert.id} class="alert-line alert-resolved">
            <Severity alert={alert} />
            <div class="alert-what">
              <span class="alert-rule">
                <ForeignText text={alert.rule} />
              </span>
              <span class="alert-summary">{alert.resolveReason && reasonWords[alert.resolveReason]}</span>
            </div>
            <AlertAgent alert={alert} />
            <span class="alert-value quiet">
              lasted {formatSpan((alert.resolvedAtMs ?? nowMs) - startOf(alert))}
            </span>
            <time
              class="alert-since figure"
              dateTime={new Date(alert.resolvedAtMs ?? nowMs).toISOString()}
              title={formatMoment(alert.resolvedAtMs ?? nowMs)}
            >
              {formatAgo(nowMs - (alert.resolvedAtMs ?? nowMs))}
            </time>
          </li>
        ))}
      </ul>
    </details>
  )
}
