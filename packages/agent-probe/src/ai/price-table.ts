import { readFileSync } from 'node:fs'
import type { AnswerFacts } from './read-answer.ts'

/** USD per million tokens. A cached token without a price of its own costs as much as an input token. */
export interface Price {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
}

export type PriceTable = ReadonlyMap<string, Price>

const isPrice = (price: unknown): price is Price => {
  if (typeof price !== 'object' || price === null) return false
  const { input, output, cacheRead = 0, cacheWrite = 0 } = price as Record<string, unknown>
  return [input, output, cacheRead, cacheWrite].every(
    (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  )
}

/** Largest file that is taken for a price table. */
const maxModels = 10_000

/**
 * Reads `{ "models": { "NAME": { "input": 1.25, "output": 10, "cacheRead"?: …, "cacheWrite"?: … } } }`.
 * @throws {Error} which names the model whose price is none
 */
export const parsePrices = (table: unknown): PriceTable => {
  const models = (table as { models?: unknown } | null)?.models
  if (typeof models !== 'object' || models === null) throw new Error('it has no object "models"')
  const entries = Object.entries(models)
  if (entries.length > maxModels) throw new Error(`it has more than ${maxModels} models`)
  for (const [name, price] of entries) {
    if (isPrice(price)) continue
    throw new Error(
      `${JSON.stringify(name.slice(0, 100))} needs numbers "input" and "output", in USD per million tokens`,
    )
  }
  return new Map(entries as [string, Price][])
}

/**
 * The user's table; without one, or with one that is none, nothing has a price. No table comes with the probe:
 * prices change without notice and differ by contract, and a wrong cost is worse than none.
 */
export const readPrices = (file: string | undefined, warn: (sentence: string) => void): PriceTable => {
  if (file === undefined || file.trim() === '') return new Map()
  try {
    return parsePrices(JSON.parse(readFileSync(file.trim(), 'utf8')))
  } catch (error) {
    warn(`PERFMON_PRICES is no price table (${(error as Error).message}); no costs are estimated`)
    return new Map()
  }
}

/** `gpt-5-2025-08-07`, `claude-sonnet-4-5-20250929` and `-latest` cost what the name before it costs. */
const version = /[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/
/** `openai/gpt-5`, as gateways write it. */
const vendor = /^[\w.-]+\//

export const priceOf = (prices: PriceTable, model: string): Price | undefined => {
  const plain = model.replace(vendor, '')
  return prices.get(model) ?? prices.get(plain) ?? prices.get(plain.replace(version, ''))
}

/** Estimated USD: each token once, at the rate of its kind. */
export const costOf = (
  { input, output, cacheRead = input, cacheWrite = input }: Price,
  { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0 }: AnswerFacts,
): number => {
  const fresh = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens)
  return (
    (fresh * input + cacheReadTokens * cacheRead + cacheWriteTokens * cacheWrite + outputTokens * output) /
    1e6
  )
}
