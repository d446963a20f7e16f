import { aiAttributeNames } from '@perfmon/protocol/names'
import type { AiRecordings } from '../ai-recordings.ts'
import { boundedName } from '../bounded-name.ts'

const kinds = [
  'inputTokens',
  'outputTokens',
  'cacheReadInputTokens',
  'cacheCreationInputTokens',
  'costUSD',
] as const
type Kind = (typeof kinds)[number]

/** Totals by model since the query began, as the Claude Agent SDK tells them; `inputTokens` is without cached ones. */
export type ClaudeUsage = Readonly<Record<string, Readonly<Partial<Record<Kind, number>>>>>

/** Most models of one query that are told apart. */
const maxModels = 100

/** Adds what was spent since it was last told to the agent's tokens and cost. */
export const createClaudeUsage = (ai: AiRecordings, agent: unknown): ((usage: ClaudeUsage) => void) => {
  const told = new Map<string, Record<Kind, number>>()
  const agentName = boundedName(agent)

  /** Totals begin anew when the agent clears its session. */
  const sinceLast = (model: string, usage: ClaudeUsage[string]) => {
    const before = told.get(model)
    const total = {} as Record<Kind, number>
    const since = {} as Record<Kind, number>
    for (const kind of kinds) {
      const value = usage[kind]
      total[kind] = typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0
      const rest = total[kind] - (before?.[kind] ?? 0)
      since[kind] = rest < 0 ? total[kind] : rest
    }
    if (before !== undefined || told.size < maxModels) told.set(model, total)
    return since
  }

  return (usage) => {
    for (const [name, totals] of Object.entries(usage)) {
      const since = sinceLast(name, totals)
      const model = boundedName(name) ?? '_OTHER'
      const key = `${agentName}|${model}`
      const attributes = () => ({
        ...(agentName !== undefined && { [aiAttributeNames.agentName]: agentName }),
        [aiAttributeNames.responseModel]: model,
        [aiAttributeNames.framework]: 'claude-agent-sdk',
      })
      const details = { cache_read: since.cacheReadInputTokens, cache_write: since.cacheCreationInputTokens }
      const tokens = {
        input: since.inputTokens + details.cache_read + details.cache_write,
        output: since.outputTokens,
      }
      for (const [type, amount] of Object.entries(tokens)) {
        ai.agentTokens.add(`${key}|${type}`, amount, () => ({
          ...attributes(),
          [aiAttributeNames.tokenType]: type,
        }))
      }
      for (const [detail, amount] of Object.entries(details)) {
        if (amount === 0) continue
        ai.agentTokenDetails.add(`${key}|${detail}`, amount, () => ({
          ...attributes(),
          [aiAttributeNames.tokenDetail]: detail,
        }))
      }
      ai.agentCost.add(key, since.costUSD, attributes)
    }
  }
}
