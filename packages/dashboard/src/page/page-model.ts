import type { LiveServerMessage } from '@perfmon/protocol'
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { agentFilter } from '../agents/agent-filter.ts'
import { groupBySwarm, type ListItem, listFlat } from '../agents/agent-list.ts'
import { firstDirection, keepOrder, type SortKey, sortAgents } from '../agents/agent-order.ts'
import type { FollowedLive, Link } from '../live/follow-live.ts'
import { createHeldUpdates } from '../live/held-updates.ts'
import { type AgentRow, applyLiveMessage, createLiveState, type LiveState } from '../live/live-state.ts'
import { type ConnectionView, viewConnection } from './connection-view.ts'
import { keepChoice, readChoice } from './kept-choice.ts'
import { emptyRoute, type PageRoute, readPageHash, writePageHash } from './page-hash.ts'

export const themeChoices = ['auto', 'light', 'dark'] as const
export type ThemeChoice = (typeof themeChoices)[number]

/** The state of the page and everything that can be done to it. Components read signals and call verbs. */
export interface PageModel {
  /** Changed in place; read {@link version} to be told. */
  readonly state: LiveState
  readonly version: ReadonlySignal<number>
  readonly connection: ReadonlySignal<ConnectionView>
  /** Now by the aggregator's clock, once a second; stands still while paused. */
  readonly viewNowMs: ReadonlySignal<number>
  readonly paused: ReadonlySignal<boolean>
  /** Updates that wait behind the pause. */
  readonly heldCount: ReadonlySignal<number>
  readonly route: ReadonlySignal<PageRoute>
  readonly theme: ReadonlySignal<ThemeChoice>
  readonly singleKeys: ReadonlySignal<boolean>
  readonly keysShown: Signal<boolean>
  /** While true rows stay in their places: somebody is about to click one. */
  readonly orderHeld: Signal<boolean>
  readonly agentItems: ReadonlySignal<{ items: ListItem[]; matching: number }>

  receive(message: LiveServerMessage): void
  setLink(link: Link): void
  retryNow(): void
  togglePause(): void
  openAgent(agentId: string): void
  closeAgent(): void
  setFilter(filter: string): void
  sortBy(key: SortKey): void
  toggleSwarm(swarm: string): void
  toggleGrouping(): void
  chooseTheme(choice: ThemeChoice): void
  setSingleKeys(on: boolean): void
}

export function createPageModel(edges: {
  nowMs: () => number
  everySecond: (call: () => void) => void
  location: {
    hash(): string
    replace(hash: string): void
    push(hash: string): void
    onChange(call: () => void): void
  }
  /** Known only after the model, because following needs somebody to tell. */
  live: () => FollowedLive
}): PageModel {
  const { nowMs, location } = edges
  const state = createLiveState()
  const held = createHeldUpdates()

  const version = signal(0)
  const link = signal<Link>({ phase: 'connecting', attempt: 0 })
  const localNowMs = signal(nowMs())
  const lastMessageMs = signal(nowMs())
  /** Aggregator's clock minus ours. */
  const clockOffsetMs = signal(0)
  const paused = signal(false)
  const pausedAtMs = signal(0)
  const heldCount = signal(0)
  const route = signal(readPageHash(location.hash()))
  const theme = signal(readChoice('theme', themeChoices, 'auto'))
  const singleKeys = signal(readChoice('single-keys', ['on', 'off'], 'on') === 'on')
  const orderHeld = signal(false)

  const connection = computed(() => {
    version.value
    return viewConnection({
      link: link.value,
      ready: state.ready,
      nowMs: localNowMs.value,
      lastMessageMs: lastMessageMs.value,
      updateIntervalMs: state.updateIntervalMs,
    })
  })

  const viewNowMs = computed(() => (paused.value ? pausedAtMs.value : localNowMs.value + clockOffsetMs.value))

  let shownOrder: AgentRow[] = []
  let shownRoute: PageRoute = emptyRoute
  const agentItems = computed(() => {
    version.value
    const { filter, sort, grouped, closedSwarms } = route.value
    const rows = [...state.agents.values()]
    const matching = filter.trim() === '' ? rows : rows.filter(agentFilter(filter))
    const wanted = sortAgents(matching, sort)
    const sameQuestion = shownRoute.sort === sort && shownRoute.filter === filter
    shownOrder = orderHeld.value && sameQuestion ? keepOrder(shownOrder, wanted) : wanted
    shownRoute = route.value
    const items = grouped ? groupBySwarm(shownOrder, new Set(closedSwarms)) : listFlat(shownOrder)
    return { items, matching: matching.length }
  })

  function apply(messages: readonly LiveServerMessage[]): void {
    for (const message of messages) applyLiveMessage(state, message)
    version.value++
  }

  function changeRoute(change: Partial<PageRoute>, write: (hash: string) => void): void {
    route.value = { ...route.value, ...change }
    write(writePageHash(route.value))
  }

  location.onChange(() => {
    const next = readPageHash(location.hash())
    // Our own writes come back here too; the sort keeps its identity so that a held order is not broken.
    const { sort } = route.value
    const sameSort = sort.key === next.sort.key && sort.descending === next.sort.descending
    route.value = sameSort ? { ...next, sort } : next
  })
  edges.everySecond(() => {
    localNowMs.value = nowMs()
  })
  effect(() => keepChoice('theme', theme.value))
  effect(() => keepChoice('single-keys', singleKeys.value ? 'on' : 'off'))

  return {
    state,
    version,
    connection,
    viewNowMs,
    paused,
    heldCount,
    route,
    theme,
    singleKeys,
    keysShown: signal(false),
    orderHeld,
    agentItems,

    receive(message) {
      localNowMs.value = nowMs()
      lastMessageMs.value = localNowMs.value
      clockOffsetMs.value = message.nowMs - localNowMs.value
      if (!paused.value) {
        apply([message])
        return
      }
      held.hold(message)
      heldCount.value = held.count()
    },
    setLink(next) {
      localNowMs.value = nowMs()
      link.value = next
    },
    retryNow: () => edges.live().reconnect(),
    togglePause() {
      if (!paused.value) {
        pausedAtMs.value = viewNowMs.value
        paused.value = true
        return
      }
      const messages = held.release()
      paused.value = false
      heldCount.value = 0
      if (messages === null) edges.live().reconnect()
      else apply(messages)
    },
    // Pushed, so that "back" closes the drawer; filter and sort replace, so that it does not undo letters.
    openAgent: (agentId) => changeRoute({ agentId }, location.push),
    closeAgent: () => changeRoute({ agentId: null }, location.push),
    setFilter: (filter) => changeRoute({ filter }, location.replace),
    sortBy(key) {
      const { sort } = route.value
      const descending = sort.key === key ? !sort.descending : firstDirection(key)
      changeRoute({ sort: { key, descending } }, location.replace)
    },
    toggleSwarm(swarm) {
      const closed = new Set(route.value.closedSwarms)
      if (!closed.delete(swarm)) closed.add(swarm)
      changeRoute({ closedSwarms: [...closed] }, location.replace)
    },
    toggleGrouping: () => changeRoute({ grouped: !route.value.grouped }, location.replace),
    chooseTheme(choice) {
      theme.value = choice
    },
    setSingleKeys(on) {
      singleKeys.value = on
    },
  }
}

export const PageContext = createContext<PageModel | null>(null)

export function usePage(): PageModel {
  const page = useContext(PageContext)
  if (page === null) throw new Error('usePage needs a PageContext above it')
  return page
}
