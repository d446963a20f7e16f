import { aiAttributeNames, attributeNames } from '@perfmon/protocol/names'
import type { MetricAttributes } from '../record/duration-histogram.ts'
import type { PeerName } from '../record/http-names.ts'
import type { AiRecordings } from './ai-recordings.ts'
import { boundedName } from './bounded-name.ts'
import type { ModelEndpoint } from './model-endpoint.ts'
import { costOf, type PriceTable } from './price-table.ts'
import { providerName } from './provider-name.ts'
import type { AnswerFacts } from './read-answer.ts'

export type Outcome = 'ok' | 'error' | 'cancelled'

/** Whom a request asks for what. */
export interface ModelTarget {
  readonly endpoint: ModelEndpoint
  readonly model: string | undefined
  /** Who asks, when a framework tells. */
  readonly agent: string | undefined
  readonly peer: PeerName
}

export interface OperationEnd {
  readonly seconds: number
  /** Absent where the answer was not streamed or never began. */
  readonly firstChunkSeconds: number | undefined
  readonly errorType: string | undefined
  /** Absent without an answer. */
  readonly answer: AnswerFacts | undefined
  readonly cancelled: boolean
}

export interface ModelCallRecorder {
  attempt(target: ModelTarget, outcome: Outcome, errorType: string | undefined): void
  operation(target: ModelTarget, end: OperationEnd): void
}

/** Writes what was learned about a call into the recordings, under cached attribute sets. */
export const createModelCallRecorder = (ai: AiRecordings, prices: PriceTable): ModelCallRecorder => {
  const baseAttributes = ({ endpoint, model, agent, peer }: ModelTarget): MetricAttributes => {
    const requested = boundedName(model)
    return {
      [aiAttributeNames.operationName]: endpoint.operation,
      [aiAttributeNames.providerName]: providerName(peer.host, endpoint.dialect),
      ...(requested !== undefined && { [aiAttributeNames.requestModel]: requested }),
      ...(agent !== undefined && { [aiAttributeNames.agentName]: agent }),
      [attributeNames.serverAddress]: peer.host,
      ...(peer.port !== undefined && { [attributeNames.serverPort]: peer.port }),
    }
  }
  const keyOf = ({ endpoint, model, agent, peer }: ModelTarget) =>
    `${endpoint.operation}|${endpoint.dialect}|${peer.host}|${peer.port}|${model}|${agent}`

  const tokens = (
    key: string,
    type: 'input' | 'output',
    count: number | undefined,
    attributes: () => MetricAttributes,
  ) => {
    if (count === undefined) return
    const typed = `${key}|${type}`
    const series =
      ai.tokens.find(typed) ?? ai.tokens.admit(typed, { ...attributes(), [aiAttributeNames.tokenType]: type })
    ai.tokens.record(series, count)
  }

  return {
    attempt(target, outcome, errorType) {
      ai.attempts.add(`${keyOf(target)}|${outcome}|${errorType}`, 1, () => ({
        ...baseAttributes(target),
        [aiAttributeNames.outcome]: outcome,
        ...(errorType !== undefined && { [attributeNames.errorType]: errorType }),
      }))
    },

    operation(target, { seconds, firstChunkSeconds, errorType, answer, cancelled }) {
      const key = `${keyOf(target)}|${answer?.model}`
      // Every use of them is behind a look-up that fails once per series.
      const attributes = (): MetricAttributes => {
        const answered = boundedName(answer?.model)
        const base = baseAttributes(target)
        return answered === undefined ? base : { ...base, [aiAttributeNames.responseModel]: answered }
      }
      const failed = errorType === undefined ? key : `${key}|${errorType}`
      const series =
        ai.operations.find(failed) ??
        ai.operations.admit(failed, {
          ...attributes(),
          ...(errorType !== undefined && { [attributeNames.errorType]: errorType }),
        })
      ai.operations.record(series, seconds)
      if (firstChunkSeconds !== undefined) {
        const first = ai.firstChunks.find(key) ?? ai.firstChunks.admit(key, attributes())
        ai.firstChunks.record(first, firstChunkSeconds)
      }
      if (answer === undefined) return

      const finish = answer.finishReason ?? (cancelled ? 'cancelled' : undefined)
      if (finish !== undefined) {
        ai.finishes.add(`${key}|${finish}`, 1, () => ({
          ...attributes(),
          [aiAttributeNames.finishReason]: finish,
        }))
      }

      const unknown = (what: 'usage' | 'price') =>
        ai.unknowns.add(`${key}|${what}`, 1, () => ({ ...attributes(), [aiAttributeNames.unknown]: what }))
      if (answer.inputTokens === undefined && answer.outputTokens === undefined) {
        if (errorType === undefined) unknown('usage')
        return
      }
      tokens(key, 'input', answer.inputTokens, attributes)
      tokens(key, 'output', answer.outputTokens, attributes)
      const details = [
        ['cache_read', answer.cacheReadTokens],
        ['cache_write', answer.cacheWriteTokens],
        ['reasoning', answer.reasoningTokens],
      ] as const
      for (const [detail, count] of details) {
        if (!count) continue
        ai.tokenDetails.add(`${key}|${detail}`, count, () => ({
          ...attributes(),
          [aiAttributeNames.tokenDetail]: detail,
        }))
      }
      const provider = providerName(target.peer.host, target.endpoint.dialect)
      // A deployment has the name its owner gave it: only the answer tells which model it is.
      const isNamedByOwner = target.endpoint.deployed || provider.startsWith('azure.')
      const names = [answer.model, isNamedByOwner ? undefined : target.model]
      const price = prices.of(
        provider,
        names.filter((name) => name !== undefined),
      )
      if (price === undefined) unknown('price')
      else ai.cost.add(key, costOf(price, answer), attributes)
    },
  }
}
