import type { AgentRow } from '../live/live-state.ts'

/** Letters of an agent that the filter looks at; hostile attributes may be megabytes. */
const searchedLetters = 1_000

/**
 * The filter box as a test. Words are joined by "and"; each is looked for in name, id, swarm, status and
 * attribute values, without regard to case. `status:error` and `swarm:checkout` look at that alone.
 */
export function agentFilter(query: string): (row: AgentRow) => boolean {
  const tests = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(wordTest)
  return (row) => tests.every((test) => test(row))
}

function wordTest(word: string): (row: AgentRow) => boolean {
  const [field, ...rest] = word.split(':')
  const wanted = rest.join(':')
  if (wanted !== '' && field === 'status') return (row) => row.agent.status.startsWith(wanted)
  if (wanted !== '' && field === 'swarm') return (row) => row.agent.swarm.toLowerCase().includes(wanted)
  return (row) => searchTextOf(row).includes(word) || row.agent.status.startsWith(word)
}

function searchTextOf(row: AgentRow): string {
  row.searchText ??= [row.agent.name, row.agent.id, row.agent.swarm, ...Object.values(row.agent.attributes)]
    .map((part) => part.slice(0, searchedLetters))
    .join('\n')
    .slice(0, searchedLetters)
    .toLowerCase()
  return row.searchText
}
