import type { AgentRow } from '../live/live-state.ts'
import { Figure } from '../page/figure.tsx'
import { ForeignText } from '../page/foreign-text.tsx'
import { isPlainClick } from '../page/is-plain-click.ts'
import { Mark } from '../page/mark.tsx'
import { usePage } from '../page/page-model.ts'
import { formatMoment, formatSpan } from '../words/format-time.ts'
import { severityOf } from './agent-list.ts'
import { Sparkline } from './sparkline.tsx'
import { vitalColumns } from './vital-columns.ts'

interface RowProps {
  row: AgentRow
  /** Place in the whole list, for those who cannot see how much is above. */
  place: number
  topPx: number
  narrow: boolean
}

export function AgentTableRow({ row, place, topPx, narrow }: RowProps) {
  const page = usePage()
  const { agent, rings } = row
  const severity = severityOf(row)
  const selected = page.route.value.agentId === agent.id
  return (
    // The link inside is the way for the keyboard; a click beside it means the same.
    <tr
      class={`agent-row${severity ? ` row-${severity}` : ''}${selected ? ' row-selected' : ''}`}
      aria-rowindex={place}
      style={{ transform: `translateY(${topPx}px)` }}
      onClick={(event) => isPlainClick(event) && page.openAgent(agent.id)}
    >
      <td class={`cell-status status-${agent.status}`}>
        <Mark shape={agent.status} />
        {agent.status}
      </td>
      <th scope="row" class="cell-name">
        <a
          href={`#${new URLSearchParams({ agent: agent.id })}`}
          aria-current={selected ? 'true' : undefined}
          onClick={(event) => isPlainClick(event) && event.preventDefault()}
        >
          <ForeignText text={agent.name} />
        </a>
        {severity && (
          <span class={`badge badge-${severity}`}>
            <Mark shape={severity} />
            {activeAlerts(row)}
            <span class="visually-hidden"> {severity} alerts</span>
          </span>
        )}
        <span class="agent-id">
          {!page.route.value.grouped && (
            <>
              <ForeignText text={agent.swarm} longest={40} />
              {' / '}
            </>
          )}
          <ForeignText text={agent.id} />
        </span>
      </th>
      {vitalColumns.map(({ vital, shortName, format, ceiling }) => (
        <td key={vital} class={`cell-vital cell-${vital}`}>
          {narrow && <span class="vital-name">{shortName}</span>}
          {!narrow && (
            <Sparkline
              ring={rings[vital]}
              ringVersion={rings[vital]?.version ?? 0}
              nowMs={page.state.nowMs}
              ceiling={ceiling}
              reportIntervalMs={agent.reportIntervalMs}
            />
          )}
          <Figure quantity={format(agent.vitals[vital])} />
        </td>
      ))}
      <td class="cell-seen figure" title={formatMoment(agent.lastSeenMs)}>
        {lastSeen(page.viewNowMs.value - agent.lastSeenMs)}
      </td>
    </tr>
  )
}

function activeAlerts(row: AgentRow): number {
  return row.alerts.filter((alert) => alert.state === 'active').length
}

function lastSeen(spanMs: number): string {
  return spanMs < 3000 ? 'now' : formatSpan(spanMs)
}
