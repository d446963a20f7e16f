import { Chevron } from '../page/chevron.tsx'
import { ForeignText } from '../page/foreign-text.tsx'
import { Mark } from '../page/mark.tsx'
import { usePage } from '../page/page-model.ts'
import { counted } from '../words/clip-text.ts'
import type { SwarmHeading } from './agent-list.ts'

export function SwarmTableRow({
  heading,
  place,
  topPx,
}: {
  heading: SwarmHeading
  place: number
  topPx: number
}) {
  const page = usePage()
  const { swarm, agents, troubled, worst, closed } = heading
  return (
    <tr class="swarm-row" aria-rowindex={place} style={{ transform: `translateY(${topPx}px)` }}>
      <th scope="rowgroup" colSpan={8}>
        <button
          type="button"
          class="swarm-button"
          aria-expanded={!closed}
          onClick={() => page.toggleSwarm(swarm)}
        >
          <Chevron open={!closed} />
          <span class="swarm-name">
            <ForeignText text={swarm} />
          </span>
          <span class="quiet figure">{counted(agents, 'agent')}</span>
          {troubled > 0 && (
            <span class={`swarm-trouble severity-${worst ?? 'warning'}`}>
              <Mark shape={worst ?? 'warning'} />
              {troubled.toLocaleString('en')} in trouble
            </span>
          )}
        </button>
      </th>
    </tr>
  )
}
