import type { AgentStatus, IngestHealth, SwarmHealth } from '@perfmon/protocol'
import type { ComponentChildren } from 'preact'
import { Figure } from '../page/figure.tsx'
import { Mark } from '../page/mark.tsx'
import { usePage } from '../page/page-model.ts'
import { clipText, counted } from '../words/clip-text.ts'
import { formatBytes, formatCount, formatRate, formatSeconds, formatShare } from '../words/format-quantity.ts'
import { headline } from './headline.ts'

const statusOrder = [
  'error',
  'offline',
  'busy',
  'active',
  'idle',
  'left',
] as const satisfies readonly AgentStatus[]

/** How the swarm is, in one look: the score, why, and the figures behind it. */
export function HealthStrip() {
  const page = usePage()
  page.version.value
  const { health, ingest } = page.state
  if (!health || !ingest) return null
  return (
    <section class="panel health" aria-labelledby="health-title">
      <h2 id="health-title" class="visually-hidden">
        Health
      </h2>
      <div class={`verdict verdict-${health.band}`}>
        <Score health={health} />
        <div class="reasons">
          <p class="headline">{headline(health)}</p>
          {health.reasons.length > 1 && (
            <ul>
              {health.reasons.slice(1, 4).map((reason) => (
                <li key={reason}>{clipText(reason, 240)}</li>
              ))}
              {health.reasons.length > 4 && <li>and {health.reasons.length - 4} more</li>}
            </ul>
          )}
        </div>
      </div>
      <div class="facts">
        <AgentsFact health={health} />
        <AlertsFact health={health} />
        <Fact name="Requests" note="per second">
          <Figure quantity={formatRate(health.requestRate)} />
        </Fact>
        <Fact name="Response time" note="mean">
          <Figure quantity={formatSeconds(health.responseTime)} />
        </Fact>
        <Fact name="Errors" note="of requests">
          <Figure quantity={formatShare(health.errorRate)} />
        </Fact>
      </div>
      <IngestLine ingest={ingest} />
    </section>
  )
}

const bandWords: Record<SwarmHealth['band'], string> = {
  good: 'Good',
  warning: 'Warning',
  critical: 'Critical',
}

function Score({ health }: { health: SwarmHealth }) {
  const score = Math.round(health.score)
  return (
    <div class="score">
      <div class="score-line">
        <span class="score-number">{score}</span>
        <span class="score-band">
          <Mark shape={health.band === 'good' ? 'resolved' : health.band} />
          {bandWords[health.band]}
        </span>
      </div>
      <svg
        class="score-bar"
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Health ${score} of 100`}
      >
        <rect class="score-track" width="100" height="4" />
        <rect class="score-fill" width={score} height="4" />
      </svg>
    </div>
  )
}

function Fact({ name, note, children }: { name: string; note: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <h3>{name}</h3>
      <p class="fact-value">{children}</p>
      <p class="fact-note">{note}</p>
    </div>
  )
}

/** Percent of the bar that a status has at least: one agent of ten thousand must still be seen. */
const leastSegment = 1.2

function AgentsFact({ health }: { health: SwarmHealth }) {
  const page = usePage()
  const present = statusOrder.filter((status) => health.agents[status] > 0)
  const widths = present.map((status) =>
    Math.max(leastSegment, (health.agents[status] / health.agents.total) * 100),
  )
  const whole = widths.reduce((sum, width) => sum + width, 0)
  let left = 0
  return (
    <div class="fact fact-agents">
      <h3>Agents</h3>
      <p class="fact-value">
        <Figure quantity={formatCount(health.agents.total)} />
      </p>
      <div class="fact-detail">
        <svg class="status-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          {present.map((status, index) => {
            const width = ((widths[index] ?? 0) / whole) * 100
            const x = left
            left += width
            return <rect key={status} class={`fill-${status}`} x={x} width={width} height="6" />
          })}
        </svg>
        <ul class="legend">
          {present.map((status) => (
            <li key={status}>
              <button type="button" class="legend-item" onClick={() => page.setFilter(`status:${status}`)}>
                <Mark shape={status} />
                <span class="figure">{health.agents[status].toLocaleString('en')}</span> {status}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

function AlertsFact({ health }: { health: SwarmHealth }) {
  const { critical, warning, pending } = health.alerts
  return (
    <div class="fact fact-alerts">
      <h3>Alerts</h3>
      <p class="fact-value">
        <Figure quantity={formatCount(critical + warning)} />
      </p>
      <p class="fact-note legend">
        {critical > 0 && (
          <span class="legend-item">
            <Mark shape="critical" />
            <span class="figure">{critical.toLocaleString('en')}</span> critical
          </span>
        )}
        {warning > 0 && (
          <span class="legend-item">
            <Mark shape="warning" />
            <span class="figure">{warning.toLocaleString('en')}</span> warning
          </span>
        )}
        {pending > 0 && (
          <span class="legend-item">
            <Mark shape="pending" />
            <span class="figure">{pending.toLocaleString('en')}</span> pending
          </span>
        )}
        {critical + warning + pending === 0 && 'none active, none pending'}
      </p>
    </div>
  )
}

/** What the aggregator takes in. Points that it refused are a warning, however many went well. */
function IngestLine({ ingest }: { ingest: IngestHealth }) {
  return (
    <p class="ingest">
      <span>
        Taking in <Figure quantity={formatRate(ingest.samplesPerSecond)} /> samples/s
      </span>
      <span>
        <Figure quantity={formatCount(ingest.series)} /> series
      </span>
      <span>
        <Figure quantity={formatBytes(ingest.storeBytes)} /> stored
      </span>
      {ingest.droppedPoints > 0 ? (
        <strong class="dropped">
          <Mark shape="warning" />
          {counted(ingest.droppedPoints, 'point')} dropped since start
        </strong>
      ) : (
        <span>nothing dropped</span>
      )}
    </p>
  )
}
