import { probeApi } from './probe-api.ts'

export interface InferenceOptions {
  readonly model: string
  /** As semantic conventions call it: `openai`, `anthropic`, `aws.bedrock`, or your own. */
  readonly provider: string
  /** `chat` unless told otherwise: `text_completion`, `generate_content`, `embeddings`. */
  readonly operation?: string
}

/** What a call used. What is absent is unknown, not zero. */
export interface InferenceUsage {
  /** Cached tokens included. */
  readonly inputTokens?: number
  /** Reasoning included. */
  readonly outputTokens?: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
  readonly reasoningTokens?: number
  readonly finishReason?: string
  /** Until the first part of a streamed answer. */
  readonly firstChunkSeconds?: number
  /** In USD. Without it the cost is estimated with your price table (`PERFMON_PRICES`). */
  readonly costUsd?: number
}

export interface FinishedInference extends InferenceOptions, InferenceUsage {
  readonly seconds: number
  /** Makes it a failed one: `error.type` is its `code`, else its `name`. */
  readonly error?: unknown
}

export interface InferenceVerb {
  /**
   * Makes a call to a model that the probe cannot see by itself (Bedrock, gRPC, a model in this process).
   * Calls by HTTP to OpenAI-, Anthropic- and Google-compatible endpoints are seen: told here too, they would
   * be counted twice.
   *
   * @example
   * const text = await inference({ provider: 'local', model: 'llama' }, async (call) => {
   *   const answer = await llama.complete(prompt)
   *   call.used({ inputTokens: answer.promptTokens, outputTokens: answer.newTokens })
   *   return answer.text
   * })
   */
  <Result>(options: InferenceOptions, work: (call: { used(usage: InferenceUsage): void }) => Result): Result
  /** Tells of a call that is over. */
  done(call: FinishedInference): void
}

const unwatched = { used() {} }

function perform<Result>(
  options: InferenceOptions,
  work: (call: { used(usage: InferenceUsage): void }) => Result,
): Result {
  const api = probeApi()
  return api?.infer === undefined ? work(unwatched) : api.infer(options, work)
}

export const inference: InferenceVerb = Object.assign(perform, {
  done: (call: FinishedInference) => probeApi()?.inferred?.(call),
})
