import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { costOf, parsePrices, priceOf, readPrices } from './price-table.ts'

const prices = new URL('../testing/prices.json', import.meta.url)
const standard = parsePrices(JSON.parse(readFileSync(prices, 'utf8')))
const nothing = {
  model: undefined,
  inputTokens: undefined,
  outputTokens: undefined,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
  finishReason: undefined,
  failure: undefined,
}

test.each([
  ['gpt-5', 'gpt-5'],
  ['gpt-5-2025-08-07', 'gpt-5'],
  ['openai/gpt-5-mini', 'gpt-5-mini'],
  ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
  ['claude-sonnet-4-5-latest', 'claude-sonnet-4-5'],
  ['gpt-5-turbo', undefined],
  ['__proto__', undefined],
])('%s costs what %s costs', (model, known) => {
  expect(priceOf(standard, model)).toBe(known === undefined ? undefined : standard.get(known))
})

test('each token is paid once, at the rate of its kind', () => {
  const price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }
  const usage = {
    ...nothing,
    inputTokens: 1_000_000,
    cacheReadTokens: 600_000,
    cacheWriteTokens: 100_000,
    outputTokens: 200_000,
  }
  expect(costOf(price, usage)).toBeCloseTo(0.3 * 3 + 0.6 * 0.3 + 0.1 * 3.75 + 0.2 * 15, 10)
  expect(costOf({ input: 2, output: 0 }, { ...nothing, inputTokens: 10, cacheReadTokens: 4 })).toBeCloseTo(
    20e-6,
    12,
  )
})

test("costs come from the user's table alone; a bad one is named", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-prices-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'prices.json')
  const warnings: string[] = []
  const read = (path: string | undefined) => [...readPrices(path, (sentence) => warnings.push(sentence))]
  await writeFile(file, '{"models":{"mine":{"input":1,"output":2}}}')
  expect(read(file)).toEqual([['mine', { input: 1, output: 2 }]])
  expect(read(undefined)).toEqual([])
  expect(warnings).toEqual([])
  await writeFile(file, '{"models":{"mine":{"input":"free","output":2}}}')
  expect(read(file)).toEqual([])
  expect(read(join(folder, 'none.json'))).toEqual([])
  expect(warnings[0]).toContain('"mine" needs numbers "input" and "output"')
  expect(warnings).toHaveLength(2)
})
