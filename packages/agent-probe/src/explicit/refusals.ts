import { coordinationAttributeNames as attribute } from '@perfmon/protocol/names'
import type { Tally } from '../ai/tally.ts'

/** Why a call of the API was refused. */
export type Refused = 'name' | 'kind' | 'value' | 'callback' | 'too_many' | 'ended_twice'

/** Counts what was refused; the first time for each subject it also says what to do. */
export type Refuse = (why: Refused, subject: string, remedy: string) => void

/** Subjects that are warned of. After so many the agent's log is spared. */
const maxWarnings = 50

export const createRefusals = (refused: Tally, warn: (sentence: string) => void): Refuse => {
  const warned = new Set<string>()
  return (why, subject, remedy) => {
    refused.add(why, 1, () => ({ [attribute.refused]: why }))
    const about = `${why}|${subject}`
    if (warned.has(about) || warned.size >= maxWarnings) return
    warned.add(about)
    warn(`@perfmon/agent-probe/api: ${subject}: ${remedy}`)
  }
}

/** Whatever an agent passed, as it may stand in a warning. */
export const shown = (given: unknown): string => {
  if (typeof given === 'string') return JSON.stringify(given.slice(0, 100))
  return typeof given === 'object' && given !== null ? 'an object' : String(given)
}
