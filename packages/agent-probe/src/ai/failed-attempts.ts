/** An operation whose last attempt failed and that may be tried again. */
export interface FailedOperation {
  readonly startedAtMs: number
  /** Records it as failed for good. */
  giveUp(): void
}

/**
 * Client libraries repeat failed requests without telling anybody: the same request soon after a failure is
 * taken for such a repeat, of the one operation that began with the first. What nobody repeats in time has
 * failed.
 */
export interface FailedAttempts {
  /** True while a new request could be a repeat. Costs nothing while nothing fails. */
  waiting(): boolean
  hold(fingerprint: string, operation: FailedOperation, waitMs: number): void
  /** The oldest operation with this fingerprint, which goes on now. */
  resume(fingerprint: string): FailedOperation | undefined
  /** Gives up what waited too long; everything when `ending`. */
  settle(ending: boolean): void
}

interface Held {
  readonly fingerprint: string
  readonly operation: FailedOperation
  readonly untilMs: number
}

export const createFailedAttempts = ({
  now,
  maxHeld = 256,
}: {
  /** Milliseconds, monotonic. */
  now: () => number
  maxHeld?: number
}): FailedAttempts => {
  let held: Held[] = []
  return {
    waiting: () => held.length > 0,
    hold(fingerprint, operation, waitMs) {
      if (held.length >= maxHeld) held.shift()?.operation.giveUp()
      held.push({ fingerprint, operation, untilMs: now() + waitMs })
    },
    resume(fingerprint) {
      const index = held.findIndex((each) => each.fingerprint === fingerprint)
      return index === -1 ? undefined : held.splice(index, 1)[0]!.operation
    },
    settle(ending) {
      if (held.length === 0) return
      const atMs = now()
      const over = held.filter(({ untilMs }) => ending || untilMs <= atMs)
      held = held.filter((each) => !over.includes(each))
      for (const { operation } of over) operation.giveUp()
    },
  }
}

const samples = 32
const sampleLength = 16

/** Tells requests apart by length and evenly spread samples: an FNV-1a hash, no text is kept. */
export const fingerprintOf = (url: string, body: string): string => {
  let hash = 0x811c9dc5
  const mix = (text: string, from: number, to: number) => {
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  const step = body.length / samples
  if (step <= sampleLength) mix(body, 0, body.length)
  else {
    for (let sample = 0; sample < samples; sample++) {
      const from = Math.floor(sample * step)
      mix(body, from, from + sampleLength)
    }
    // What was said last distinguishes the turns of a conversation.
    mix(body, body.length - 4 * sampleLength, body.length)
  }
  return `${url}|${body.length}|${hash}`
}
