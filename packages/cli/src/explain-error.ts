import { ConfigurationError, ListenError, StoreError } from '@perfmon/aggregator'
import { renderMistake } from '@perfmon/core'

export interface Explanation {
  readonly lines: readonly string[]
  /** 2: the user's input is wrong; 1: something else is. */
  readonly exitCode: number
}

/** What a person is told of an error: what is wrong, where, and what to do. Only the unexpected shows its stack. */
export function explainError(error: unknown): Explanation {
  if (error instanceof ConfigurationError) {
    return {
      lines: [error.message, ...error.mistakes.map((mistake) => `  ${renderMistake(mistake)}`)],
      exitCode: 2,
    }
  }
  if (error instanceof ListenError || error instanceof StoreError)
    return { lines: [error.message], exitCode: 1 }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { lines: ['Perfmon met something it did not expect:', text], exitCode: 1 }
}
