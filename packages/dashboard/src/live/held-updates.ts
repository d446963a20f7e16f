import type { LiveServerMessage } from '@perfmon/protocol'

/**
 * Changed agents held while the view is paused. Beyond this a fresh snapshot is cheaper than the memory:
 * about 100 bytes an entry, so 20 MB.
 */
const heldEntriesLimit = 200_000

export interface HeldUpdates {
  hold(message: LiveServerMessage): void
  /** How many messages arrived since the pause began. */
  count(): number
  /**
   * Hands over what was held, in order, and starts empty again. `null` when it grew past the limit and was
   * let go: the reader must ask for a new snapshot.
   */
  release(): LiveServerMessage[] | null
}

export function createHeldUpdates(limit = heldEntriesLimit): HeldUpdates {
  let messages: LiveServerMessage[] = []
  let entries = 0
  let count = 0
  let overflowed = false

  return {
    hold(message) {
      count++
      // A snapshot holds everything: what came before it no longer matters.
      if (message.type === 'snapshot') {
        messages = []
        entries = 0
        overflowed = false
      }
      if (overflowed) return
      messages.push(message)
      entries += 1 + (message.type === 'metrics:update' ? message.vitals.agents.length : 0)
      if (entries > limit) {
        messages = []
        overflowed = true
      }
    },
    count: () => count,
    release() {
      const released = overflowed ? null : messages
      messages = []
      entries = 0
      count = 0
      overflowed = false
      return released
    },
  }
}
