import type { MetricsError } from '@perfmon/protocol'

/** Why an action was not done, or not finished: `code` is for programs, `message` for people. */
export class ActionError extends Error {
  override name = 'ActionError'
  readonly code: MetricsError['code']

  constructor(code: MetricsError['code'], message: string) {
    super(message)
    this.code = code
  }
}

const maxMessageLength = 300

/** The text of whatever was thrown. The agent's own code may throw anything, also something that throws when read. */
export const messageOf = (error: unknown): string => {
  try {
    const text = error instanceof Error ? error.message : String(error)
    return text.slice(0, maxMessageLength)
  } catch {
    return 'something that cannot be shown was thrown'
  }
}
