import { type AgentSort, defaultSort, sortKeys } from '../agents/agent-order.ts'

/** What the address carries after `#`: a link to it shows another person the same view. */
export interface PageRoute {
  agentId: string | null
  filter: string
  sort: AgentSort
  /** False: one list over all swarms, so that the worst of everything stands together. */
  grouped: boolean
  closedSwarms: readonly string[]
}

export const emptyRoute: PageRoute = {
  agentId: null,
  filter: '',
  sort: defaultSort,
  grouped: true,
  closedSwarms: [],
}

/** Reads the hash; whatever it does not understand is as if it were not there. */
export function readPageHash(hash: string): PageRoute {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const key = sortKeys.find((candidate) => candidate === fields.get('sort'))
  return {
    agentId: fields.get('agent') || null,
    filter: fields.get('filter') ?? '',
    sort: key ? { key, descending: fields.get('order') !== 'up' } : defaultSort,
    grouped: fields.get('group') !== 'off',
    closedSwarms: fields.getAll('closed'),
  }
}

/** The hash of a route, without what is at its default; `''` for the plain page. */
export function writePageHash(route: PageRoute): string {
  const fields = new URLSearchParams()
  if (route.agentId !== null) fields.set('agent', route.agentId)
  if (route.filter !== '') fields.set('filter', route.filter)
  if (route.sort.key !== defaultSort.key || route.sort.descending !== defaultSort.descending) {
    fields.set('sort', route.sort.key)
    fields.set('order', route.sort.descending ? 'down' : 'up')
  }
  if (!route.grouped) fields.set('group', 'off')
  for (const swarm of route.closedSwarms) fields.append('closed', swarm)
  const text = fields.toString()
  return text === '' ? '' : `#${text}`
}
