import type { HookGuard } from '../hook-guard.ts'
import type { AnswerHead, ModelAttempt } from './model-calls.ts'

/** The same attempt, with no method that can throw into the agent. */
export const createAttemptGuard = (guard: HookGuard): ((attempt: ModelAttempt) => ModelAttempt) => {
  const answered = guard.wrap<ModelAttempt, AnswerHead>(function guardedAnswered(head) {
    this.answered(head)
  })
  const chunk = guard.wrap<ModelAttempt, Uint8Array>(function guardedChunk(bytes) {
    this.chunk(bytes)
  })
  const ended = guard.wrap<ModelAttempt, undefined>(function guardedEnded() {
    this.ended()
  })
  const cancelled = guard.wrap<ModelAttempt, undefined>(function guardedCancelled() {
    this.cancelled()
  })
  const failed = guard.wrap<ModelAttempt, unknown>(function guardedFailed(error) {
    this.failed(error)
  })
  return (attempt) => ({
    answered: (head) => answered.call(attempt, head),
    chunk: (bytes) => chunk.call(attempt, bytes),
    ended: () => ended.call(attempt, undefined),
    cancelled: () => cancelled.call(attempt, undefined),
    failed: (error) => failed.call(attempt, error),
  })
}
