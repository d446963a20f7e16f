import { useEffect, useMemo, useRef } from 'preact/hooks'
import { usePage } from '../page/page-model.ts'
import { counted } from '../words/clip-text.ts'
import type { ListItem } from './agent-list.ts'
import { type SortKey, sortKeys } from './agent-order.ts'
import { AgentTableRow } from './agent-row.tsx'
import { moveFocus } from './move-focus.ts'
import { SwarmTableRow } from './swarm-row.tsx'
import { useMedia } from './use-media.ts'
import { useWindowView } from './use-window-view.ts'
import { itemOffsets, visibleItems } from './virtual-window.ts'
import { vitalColumns } from './vital-columns.ts'

/** The heights of dashboard.css (`--row`, `--card`), which the list must know to leave out what is not seen. */
const rowPx = 36
const cardPx = 84
const swarmPx = 36

export function AgentsPanel() {
  const page = usePage()
  const { items, matching } = page.agentItems.value
  const { filter } = page.route.value
  const total = page.state.agents.size
  return (
    <section class="panel agents" id="agents" tabIndex={-1} aria-labelledby="agents-title">
      <div class="panel-head">
        <h2 id="agents-title">Agents</h2>
        <span class="count" role="status">
          {matching === total
            ? total.toLocaleString('en')
            : `${matching.toLocaleString('en')} of ${total.toLocaleString('en')}`}
        </span>
        <span class="spacer" />
        <button
          type="button"
          class="button"
          aria-pressed={page.route.value.grouped}
          onClick={page.toggleGrouping}
        >
          <svg class="tick" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <path d={`M1 1h10v10H1z${page.route.value.grouped ? 'M3.5 6.2 5.3 8l3.4-4' : ''}`} />
          </svg>
          By swarm
        </button>
        <PhoneSort />
        <FilterBox />
      </div>
      {items.length > 0 ? (
        <AgentTable items={items} />
      ) : (
        <p class="nothing">
          None of {counted(total, 'agent')} matches “{filter.slice(0, 80)}”.
          <button type="button" class="link" onClick={() => page.setFilter('')}>
            Clear the filter
          </button>
        </p>
      )}
    </section>
  )
}

function FilterBox() {
  const page = usePage()
  const { filter } = page.route.value
  return (
    <label class="filter">
      <span class="visually-hidden">Filter agents</span>
      <svg class="line-icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3l3.2 3.2" />
      </svg>
      <input
        id="agent-filter"
        type="search"
        placeholder="Filter"
        autocomplete="off"
        spellcheck={false}
        value={filter}
        onInput={(event) => page.setFilter(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          // Empty already: the second Escape gives the keyboard back to the page.
          if (filter === '') event.currentTarget.blur()
          page.setFilter('')
          event.preventDefault()
          event.stopPropagation()
        }}
      />
      <span class="key" aria-hidden="true">
        /
      </span>
    </label>
  )
}

const sortNames: Record<SortKey, string> = {
  status: 'Status',
  name: 'Agent',
  cpu: 'CPU',
  memory: 'Memory',
  responseTime: 'Response',
  errorRate: 'Errors',
  requestRate: 'Requests/s',
  lastSeen: 'Last seen',
}

/** On a phone rows are cards and there are no column headings to press. */
function PhoneSort() {
  const page = usePage()
  const { sort } = page.route.value
  return (
    <label class="phone-sort">
      <span class="visually-hidden">Sort agents by</span>
      <select
        value={sort.key}
        onChange={(event) => {
          const key = sortKeys.find((candidate) => candidate === event.currentTarget.value)
          if (key && key !== sort.key) page.sortBy(key)
        }}
      >
        {sortKeys.map((key) => (
          <option key={key} value={key}>
            {key === 'status' ? 'Worst first' : sortNames[key]}
          </option>
        ))}
      </select>
    </label>
  )
}

function AgentTable({ items }: { items: ListItem[] }) {
  const page = usePage()
  const body = useRef<HTMLTableSectionElement>(null)
  const narrow = useMedia('(max-width: 700px)')
  const { topPx, viewportPx } = useWindowView(body)
  page.version.value
  useEffect(() => () => holdOrder(false), [])

  const offsets = useMemo(
    () =>
      itemOffsets(items.length, (index) =>
        items[index]?.kind === 'swarm' ? swarmPx : narrow ? cardPx : rowPx,
      ),
    [items, narrow],
  )
  const { start, end } = visibleItems({ offsets, topPx, viewportPx, overscan: 6 })

  return (
    <table class="agent-table" aria-rowcount={items.length + 1} aria-labelledby="agents-title">
      <thead>
        <tr aria-rowindex={1}>
          {sortKeys.map((key) => (
            <SortHeading key={key} sortKey={key} />
          ))}
        </tr>
      </thead>
      <tbody
        ref={body}
        style={{ height: `${offsets[items.length] ?? 0}px` }}
        // A finger never leaves as a mouse does: only a mouse holds the rows in their places.
        onPointerEnter={(event) => holdOrder(event.pointerType === 'mouse')}
        onPointerLeave={() => holdOrder(false)}
        onKeyDown={(event) => moveFocus({ event, items, offsets, body: event.currentTarget })}
      >
        {items.slice(start, end).map((item, index) => {
          const place = start + index
          const at = { place: place + 2, topPx: offsets[place] ?? 0 }
          return item.kind === 'swarm' ? (
            <SwarmTableRow key={`swarm ${item.swarm}`} heading={item} {...at} />
          ) : (
            <AgentTableRow key={`agent ${item.row.agent.id}`} row={item.row} narrow={narrow} {...at} />
          )
        })}
      </tbody>
    </table>
  )

  function holdOrder(held: boolean): void {
    page.orderHeld.value = held
  }
}

function SortHeading({ sortKey }: { sortKey: SortKey }) {
  const page = usePage()
  const { sort } = page.route.value
  const direction = sort.key !== sortKey ? undefined : sort.descending ? 'descending' : 'ascending'
  const vital = vitalColumns.some((column) => column.vital === sortKey)
  return (
    <th scope="col" class={`cell-${vital ? 'vital' : sortKey}`} aria-sort={direction}>
      <button type="button" class="sort" onClick={() => page.sortBy(sortKey)}>
        {sortNames[sortKey]}
        <svg class="sort-arrow" viewBox="0 0 8 8" width="8" height="8" aria-hidden="true">
          {direction && <path d={direction === 'descending' ? 'M1 2.5h6L4 6.5Z' : 'M1 5.5h6L4 1.5Z'} />}
        </svg>
      </button>
    </th>
  )
}
