import { readFileSync } from 'node:fs'
import { withoutVendor, withoutVersion } from './price-names.ts'
import type { AnswerFacts } from './read-answer.ts'

/** USD per million tokens. A cached token without a price of its own costs as much as an input token. */
export interface Rates {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
  /** Anthropic's one-hour cache; without it as `cacheWrite`. */
  readonly cacheWriteLong?: number
}

export interface Price extends Rates {
  /** Of all tokens of a call whose input is longer than `over` tokens. */
  readonly longContext?: Rates & { readonly over: number }
}

/** What a model costs where it is served. */
export interface PriceTable {
  /** The first of these names that has a price; absent when none has. */
  of(provider: string, models: readonly string[]): Price | undefined
}

type Models = ReadonlyMap<string, Price>

const rateNames = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWriteLong', 'over'] as const

const isPrice = (price: unknown): price is Price => {
  if (typeof price !== 'object' || price === null) return false
  const rates = price as Record<string, unknown>
  const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0
  return (
    isNumber(rates['input']) &&
    isNumber(rates['output']) &&
    rateNames.every((name) => rates[name] === undefined || isNumber(rates[name])) &&
    (rates['longContext'] === undefined ||
      (isPrice(rates['longContext']) && isNumber((rates['longContext'] as { over?: unknown }).over)))
  )
}

/** Largest file that is taken for a price table. */
const maxModels = 10_000

/**
 * Reads `{ "models": { "NAME": { "input": 1.25, "output": 10, "cacheRead"?: …, "cacheWrite"?: … } } }`.
 * @throws {Error} which names the model whose price is none
 */
export const parsePrices = (table: unknown): Models => {
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

const readJson = (file: string | URL): unknown => JSON.parse(readFileSync(file, 'utf8'))

const find = (models: Models | undefined, model: string): Price | undefined => {
  if (models === undefined) return undefined
  const plain = withoutVendor(model)
  return models.get(model) ?? models.get(plain) ?? models.get(withoutVersion(plain))
}

/**
 * Whoever passes these models on (a gateway, a proxy on this machine) asks what their makers do. Models that
 * anybody can serve cost what the server's owner wants: they have a price at the hosts listed alone.
 */
const makers: readonly string[] = ['openai', 'anthropic', 'gcp.gemini', 'x_ai']

/** Sold under one table. */
const aliases: Readonly<Record<string, string>> = { 'gcp.vertex_ai': 'gcp.gemini' }

type Shipped = ReadonlyMap<string, Models>

const readShipped = (file: URL): Shipped => {
  const { providers } = readJson(file) as { providers: Record<string, Record<string, Price>> }
  return new Map(
    Object.entries(providers).map(([provider, models]) => [provider, new Map(Object.entries(models))]),
  )
}

const findShipped = (shipped: Shipped, provider: string, model: string): Price | undefined => {
  const own = aliases[provider] ?? provider
  if (shipped.has(own) && !makers.includes(own)) return find(shipped.get(own), model)
  for (const maker of new Set([own, ...makers])) {
    const price = find(shipped.get(maker), model)
    if (price !== undefined) return price
  }
  return undefined
}

/**
 * The table that comes with the probe, with the user's laid over it, or in its place when that one says
 * `"replace": true`. `off` instead of a file: nothing has a price. Read when the first price is asked for.
 */
export const createPriceTable = ({
  shipped: shippedFile,
  file = '',
  warn,
}: {
  shipped: URL
  file?: string | undefined
  warn: (sentence: string) => void
}): PriceTable => {
  const named = file.trim()

  const read = (): { own: Models | undefined; shipped: Shipped } => {
    if (/^(?:off|none)$/i.test(named)) return { own: undefined, shipped: new Map() }
    if (named === '') return { own: undefined, shipped: readShipped(shippedFile) }
    try {
      const table = readJson(named)
      const own = parsePrices(table)
      const replaces = (table as { replace?: unknown }).replace === true
      return { own, shipped: replaces ? new Map() : readShipped(shippedFile) }
    } catch (error) {
      // With the other table costs would look like the user's and be none of theirs.
      warn(`PERFMON_PRICES is no price table (${(error as Error).message}); no costs are estimated`)
      return { own: undefined, shipped: new Map() }
    }
  }
  let tables: ReturnType<typeof read> | undefined

  return {
    of(provider, models) {
      tables ??= read()
      for (const model of models) {
        const price = find(tables.own, model) ?? findShipped(tables.shipped, provider, model)
        if (price !== undefined) return price
      }
      return undefined
    },
  }
}

/** Estimated USD: each token once, at the rate of its kind. */
export const costOf = (
  price: Price,
  {
    inputTokens = 0,
    outputTokens = 0,
    cacheReadTokens = 0,
    cacheWriteTokens = 0,
    cacheWriteLongTokens = 0,
  }: AnswerFacts,
): number => {
  const { longContext } = price
  const {
    input,
    output,
    cacheRead = input,
    cacheWrite = input,
    cacheWriteLong = cacheWrite,
  }: Rates = longContext !== undefined && inputTokens > longContext.over ? longContext : price
  const fresh = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens)
  const long = Math.min(cacheWriteLongTokens, cacheWriteTokens)
  return (
    (fresh * input +
      cacheReadTokens * cacheRead +
      (cacheWriteTokens - long) * cacheWrite +
      long * cacheWriteLong +
      outputTokens * output) /
    1e6
  )
}
