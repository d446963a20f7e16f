import { expect } from 'vitest'
import type { FakeModelCounts } from '../../../../examples/fake-model-server/fake-model-server.js'
import { costOf, createPriceTable } from '../ai/price-table.ts'
import type { ReceivedReport } from './start-receiver.ts'
import { type AiAgentEnd, type Attributes, countOf, prices, sumOf } from './watch-ai-agent.ts'

const table = createPriceTable({
  shipped: new URL('../ai/prices.json', import.meta.url),
  file: prices,
  warn: (sentence) => {
    throw new Error(sentence)
  },
})

/** Dollars of different sums of the same parts. */
const rounded = (usd: number) => Number(usd.toFixed(9))

/** What the tests' prices make of the tokens that the model server counted, model by model. */
const costCounted = ({ byModel }: FakeModelCounts): number =>
  rounded(
    Object.entries(byModel).reduce((total, [model, { answered: _, ...tokens }]) => {
      const price = table.of('openai', [model])
      if (price === undefined) return total
      const usage = {
        model: undefined,
        inputTokens: tokens.inputTokens,
        outputTokens: tokens.outputTokens,
        cacheReadTokens: tokens.cachedTokens,
        cacheWriteTokens: tokens.cacheWriteTokens,
        cacheWriteLongTokens: undefined,
        reasoningTokens: tokens.reasoningTokens,
        finishReason: undefined,
        failure: undefined,
      }
      return total + costOf(price, usage)
    }, 0),
  )

const finishesOf = (report: ReceivedReport) => {
  const finishes: Record<string, number> = {}
  for (const { attributes, value } of report.metrics.get('perfmon.gen_ai.client.finish')?.points ?? []) {
    const reason = String(attributes['perfmon.gen_ai.finish_reason'])
    if (reason !== 'cancelled') finishes[reason] = (finishes[reason] ?? 0) + value
  }
  return finishes
}

/** Everything that was told of calls to models, in the model server's own words. */
export const modelCallsOf = (report: ReceivedReport) => {
  const attempts = (attributes: Attributes = {}) =>
    countOf(report, 'perfmon.gen_ai.client.attempt', attributes)
  const tokens = (type: string) => sumOf(report, 'gen_ai.client.token.usage', { 'gen_ai.token.type': type })
  const detail = (kind: string) =>
    countOf(report, 'perfmon.gen_ai.client.token.detail', { 'perfmon.gen_ai.token.detail': kind })
  const rateLimited = attempts({ 'error.type': '429' })
  return {
    requests: attempts(),
    answered: attempts({ 'perfmon.outcome': 'ok' }),
    errors: attempts({ 'perfmon.outcome': 'error' }) - rateLimited,
    rateLimited,
    cancelled: attempts({ 'perfmon.outcome': 'cancelled' }),
    inputTokens: tokens('input'),
    cachedTokens: detail('cache_read'),
    cacheWriteTokens: detail('cache_write'),
    outputTokens: tokens('output'),
    reasoningTokens: detail('reasoning'),
    finishReasons: finishesOf(report),
    usd: rounded(countOf(report, 'perfmon.gen_ai.client.cost')),
  }
}

/** The same of the model server. */
const modelCallsCounted = (counts: FakeModelCounts): ReturnType<typeof modelCallsOf> => ({
  requests: counts.requests,
  answered: counts.answered,
  errors: counts.errors,
  rateLimited: counts.rateLimited,
  cancelled: counts.abandoned,
  inputTokens: counts.inputTokens,
  cachedTokens: counts.cachedTokens,
  cacheWriteTokens: counts.cacheWriteTokens,
  outputTokens: counts.outputTokens,
  reasoningTokens: counts.reasoningTokens,
  finishReasons: counts.finishReasons,
  usd: costCounted(counts),
})

/**
 * The one comparison that every framework must pass: requests, answers, errors, refusals, tokens of each kind, finish
 * reasons and cost are what the model server counted; each call that succeeded has a duration, each streamed one a
 * time to its first chunk. `beside`: requests that the model server never saw, all of them failed.
 */
export const expectSameCalls = (
  { report, counts }: Pick<AiAgentEnd, 'report' | 'counts'>,
  { beside = 0 }: { beside?: number } = {},
): void => {
  const expected = modelCallsCounted(counts)
  expect(modelCallsOf(report)).toEqual({
    ...expected,
    requests: expected.requests + beside,
    errors: expected.errors + beside,
  })
  const operations = report.metrics.get('gen_ai.client.operation.duration')?.points ?? []
  const succeeded = operations.filter(({ attributes }) => attributes['error.type'] === undefined)
  expect(succeeded.reduce((total, { value }) => total + value, 0)).toBe(counts.answered + counts.abandoned)
  for (const { sum } of operations) expect(sum).toBeGreaterThan(0)
  if (counts.abandoned === 0) {
    expect(countOf(report, 'gen_ai.client.operation.time_to_first_chunk')).toBe(counts.streamed)
  }
}
