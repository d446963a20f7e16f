import type { MetricsError } from '@perfmon/protocol'
import { scrubText } from '../privacy/scrub-text.ts'

/** Why an action was not done, or not finished: `code` is for programs, `message` for people. */
export class ActionError extends Error {
  override name = 'ActionError'
  readonly code: MetricsError['code']

  constructor(code: MetricsError['code'], message: string) {
    super(message)
    this.code = code
  }
}

const maxMessageLength = 1000

/**
 * The text of whatever was thrown. The agent's own code may throw anything, also something that throws when read, or
 * the address of its database with the password in it: what is not our own text passes the gate of all that leaves.
 */
export const messageOf = (error: unknown): string => {
  try {
    if (error instanceof ActionError) return error.message.slice(0, maxMessageLength)
    return scrubText(error instanceof Error ? error.message : String(error))
  } catch {
    return 'something that cannot be shown was thrown'
  }
}
