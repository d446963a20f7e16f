import type { SwarmHealth } from '@perfmon/protocol'
import { clipText, counted } from '../words/clip-text.ts'

/** The one plain sentence on top of the page: the worst reason, or that all is well. */
export function headline(health: SwarmHealth): string {
  const [worst] = health.reasons
  if (worst !== undefined) return clipText(worst, 240)
  if (health.band !== 'good') return 'Something is wrong, and the aggregator gives no reason for it.'
  const { total } = health.agents
  if (total === 0) return 'No agent reports yet.'
  return total === 1 ? 'The one agent is well.' : `All ${counted(total, 'agent')} are well.`
}
