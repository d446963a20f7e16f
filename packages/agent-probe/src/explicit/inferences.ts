import { aiAttributeNames, attributeNames } from '@perfmon/protocol/names'
import type { AiRecordings } from '../ai/ai-recordings.ts'
import { boundedName } from '../ai/bounded-name.ts'
import { costOf, type PriceTable } from '../ai/price-table.ts'
import type { FinishedInference, InferenceUsage } from '../api/inference.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import type { DurationHistogram, MetricAttributes } from '../record/duration-histogram.ts'
import { errorTypeName } from '../record/http-names.ts'
import { type Refuse, shown } from './refusals.ts'
import { settleWith } from './settle-with.ts'

/** A count that is one; others are unknown. */
const amount = (given: unknown): number | undefined =>
  typeof given === 'number' && given >= 0 && given < Number.POSITIVE_INFINITY ? given : undefined

/** `inference()`: the same metrics as calls to models that the probe saw by itself. */
export const createInferences = ({
  ai,
  prices,
  refuse,
  now,
}: {
  ai: () => AiRecordings
  prices: PriceTable
  refuse: Refuse
  now: () => number
}): Pick<ProbeApi, 'infer' | 'inferred'> => {
  const record = (into: DurationHistogram, key: string, attributes: () => MetricAttributes, value: number) =>
    into.record(into.find(key) ?? into.admit(key, attributes()), value)

  const end = (call: FinishedInference, failed: boolean) => {
    const model = boundedName(call?.model)
    const provider = boundedName(call?.provider)
    const seconds = amount(call?.seconds)
    if (model === undefined || provider === undefined || seconds === undefined) {
      refuse('value', `inference ${shown(call?.model)}`, 'it needs texts "model" and "provider", and seconds')
      return
    }
    const operation = boundedName(call.operation) ?? 'chat'
    const base = () => ({
      [aiAttributeNames.operationName]: operation,
      [aiAttributeNames.providerName]: provider,
      [aiAttributeNames.requestModel]: model,
    })
    const key = `told|${operation}|${provider}|${model}`
    const errorType = failed ? errorTypeName(call.error) : undefined
    record(
      ai().operations,
      `${key}|${errorType ?? ''}`,
      () => ({ ...base(), ...(errorType !== undefined && { [attributeNames.errorType]: errorType }) }),
      seconds,
    )
    const firstChunk = amount(call.firstChunkSeconds)
    if (firstChunk !== undefined) record(ai().firstChunks, key, base, firstChunk)
    for (const [type, given] of [
      ['input', call.inputTokens],
      ['output', call.outputTokens],
    ] as const) {
      const tokens = amount(given)
      if (tokens === undefined) continue
      record(ai().tokens, `${key}|${type}`, () => ({ ...base(), [aiAttributeNames.tokenType]: type }), tokens)
    }
    for (const [detail, given] of [
      ['cache_read', call.cacheReadTokens],
      ['cache_write', call.cacheWriteTokens],
      ['reasoning', call.reasoningTokens],
    ] as const) {
      const tokens = amount(given)
      if (!tokens) continue
      ai().tokenDetails.add(`${key}|${detail}`, tokens, () => ({
        ...base(),
        [aiAttributeNames.tokenDetail]: detail,
      }))
    }
    const finish = boundedName(call.finishReason)
    if (finish !== undefined) {
      ai().finishes.add(`${key}|${finish}`, 1, () => ({ ...base(), [aiAttributeNames.finishReason]: finish }))
    }
    if (!failed || call.inputTokens !== undefined) cost(call, key, base)
  }

  const cost = (call: FinishedInference, key: string, base: () => MetricAttributes) => {
    const told = amount(call.costUsd)
    const price = told === undefined ? prices.of(call.provider, [call.model]) : undefined
    const isUsageKnown = call.inputTokens !== undefined || call.outputTokens !== undefined
    if (told !== undefined) ai().cost.add(key, told, base)
    else if (price !== undefined && isUsageKnown) ai().cost.add(key, costOf(price, call as never), base)
    else {
      const unknown = isUsageKnown ? 'price' : 'usage'
      ai().unknowns.add(`${key}|${unknown}`, 1, () => ({ ...base(), [aiAttributeNames.unknown]: unknown }))
    }
  }

  return {
    inferred: (call) => end(call, call?.error !== undefined),
    infer(options, work) {
      const startedAtMs = now()
      let usage: InferenceUsage = {}
      const finish = (error: unknown, failed: boolean) =>
        end({ ...options, ...usage, seconds: (now() - startedAtMs) / 1000, error }, failed)
      const call = {
        used(given: InferenceUsage) {
          usage = { ...usage, ...given }
        },
      }
      return settleWith(() => work(call), {
        done: () => finish(undefined, false),
        failed: (error) => finish(error, true),
      })
    },
  }
}
