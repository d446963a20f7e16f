import { setTimeout as sleep } from 'node:timers/promises'

interface UntilOptions {
  readonly timeoutMs?: number
  readonly everyMs?: number
  /** Said when time is up: what the thing that was waited for had to say. */
  readonly details?: () => string
}

/**
 * Asks again and again until the answer is neither null nor false, and gives it back. An answer that
 * throws (a server not yet listening) counts as null. Rejects, naming `what`, when time is up.
 */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer | null | false> | Answer | null | false,
  { timeoutMs = 30_000, everyMs = 50, details }: UntilOptions = {},
): Promise<Answer> {
  const deadlineMs = Date.now() + timeoutMs
  let lastError: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== null && answer !== false) return answer
    } catch (error) {
      lastError = error
    }
    if (Date.now() >= deadlineMs) {
      throw new Error(`Waited ${timeoutMs} ms in vain: ${what}. ${details?.() ?? ''}`, { cause: lastError })
    }
    await sleep(everyMs)
  }
}
