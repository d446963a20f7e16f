import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { costOf, createPriceTable, type Price } from './price-table.ts'

const shipped = new URL('./prices.json', import.meta.url)
const warnings: string[] = []
const warn = (sentence: string) => warnings.push(sentence)
const standard = createPriceTable({ shipped, warn })
const nothing = {
  model: undefined,
  inputTokens: undefined,
  outputTokens: undefined,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  cacheWriteLongTokens: undefined,
  reasoningTokens: undefined,
  finishReason: undefined,
  failure: undefined,
}

test.each([
  ['openai', 'gpt-5-2025-08-07', 'gpt-5'],
  ['openai', 'gpt-4o-mini-2024-07-18', 'gpt-4o-mini'],
  ['openrouter', 'openai/gpt-5-mini', 'gpt-5-mini'],
  ['openrouter', 'anthropic/claude-sonnet-4.5', 'claude-sonnet-4-5'],
  ['anthropic', 'claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
  ['anthropic', 'claude-haiku-4-5-latest', 'claude-haiku-4-5'],
  ['gcp.vertex_ai', 'gemini-2.0-flash-001', 'gemini-2.0-flash'],
  ['gcp.gemini', 'models/gemini-2.5-pro', 'gemini-2.5-pro'],
  ['azure.ai.openai', 'gpt-4o-2024-11-20', 'gpt-4o'],
])('at %s %s costs what %s costs', (provider, model, known) => {
  const price = standard.of(provider, [known])
  expect(price?.input).toBeGreaterThan(0)
  expect(standard.of(provider, [model])).toEqual(price)
})

test.each([
  ['openai', 'gpt-5-turbo'],
  ['openai', '__proto__'],
  ['openai', 'constructor'],
  ['openai', 'my-deployment'],
  // Anybody may serve these: a machine of one's own, too.
  ['openai', 'gpt-oss-120b'],
  ['openai', 'deepseek-chat'],
  ['openai', 'mistral-small-latest'],
  ['groq', 'gpt-5'],
])('at %s %s costs nobody knows what', (provider, model) => {
  expect(standard.of(provider, [model])).toBeUndefined()
})

test('a model that anybody can serve costs what its host asks', () => {
  expect(standard.of('deepseek', ['deepseek-chat'])?.input).toBeGreaterThan(0)
  const atGroq = standard.of('groq', ['openai/gpt-oss-120b'])
  expect(atGroq?.output).toBeGreaterThan(0)
})

test('an unknown first name leaves it to the second', () => {
  expect(standard.of('openai', ['custom', 'gpt-5'])).toEqual(standard.of('openai', ['gpt-5']))
})

test('each token is paid once, at the rate of its kind', () => {
  const price: Price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, cacheWriteLong: 6 }
  const usage = {
    ...nothing,
    inputTokens: 1_000_000,
    cacheReadTokens: 600_000,
    cacheWriteTokens: 100_000,
    outputTokens: 200_000,
  }
  expect(costOf(price, usage)).toBeCloseTo(0.3 * 3 + 0.6 * 0.3 + 0.1 * 3.75 + 0.2 * 15, 10)
  expect(costOf(price, { ...usage, cacheWriteLongTokens: 40_000 })).toBeCloseTo(
    0.3 * 3 + 0.6 * 0.3 + 0.06 * 3.75 + 0.04 * 6 + 0.2 * 15,
    10,
  )
  expect(costOf({ input: 2, output: 0 }, { ...nothing, inputTokens: 10, cacheReadTokens: 4 })).toBeCloseTo(
    20e-6,
    12,
  )
})

test('a long context costs all tokens of the call more', () => {
  const price: Price = { input: 1, output: 10, longContext: { over: 200_000, input: 2, output: 15 } }
  const asked = (inputTokens: number) => costOf(price, { ...nothing, inputTokens, outputTokens: 1000 })
  expect(asked(200_000)).toBeCloseTo(0.2 + 0.01, 10)
  expect(asked(200_001)).toBeCloseTo(0.400002 + 0.015, 10)
})

test("the user's table is laid over ours or replaces it; a bad one is named and leaves none", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-prices-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'prices.json')
  const withTable = async (table: unknown) => {
    await writeFile(file, JSON.stringify(table))
    return createPriceTable({ shipped, file, warn })
  }
  const mine = { input: 1, output: 2 }
  const over = await withTable({ models: { mine, 'gpt-5': mine } })
  expect(over.of('openai', ['mine'])).toEqual(mine)
  expect(over.of('groq', ['openai/gpt-5-2025-08-07'])).toEqual(mine)
  expect(over.of('openai', ['gpt-5-mini'])).toEqual(standard.of('openai', ['gpt-5-mini']))
  const instead = await withTable({ replace: true, models: { mine } })
  expect(instead.of('openai', ['mine'])).toEqual(mine)
  expect(instead.of('openai', ['gpt-5'])).toBeUndefined()
  expect(createPriceTable({ shipped, file: 'off', warn }).of('openai', ['gpt-5'])).toBeUndefined()
  expect(warnings).toEqual([])
  const bad = await withTable({ models: { mine: { input: 'free', output: 2 } } })
  expect(bad.of('openai', ['gpt-5'])).toBeUndefined()
  expect(warnings[0]).toContain('"mine" needs numbers "input" and "output"')
  const none = createPriceTable({ shipped, file: join(folder, 'none.json'), warn })
  expect(none.of('openai', ['gpt-5'])).toBeUndefined()
  expect(warnings).toHaveLength(2)
})
