import { coordinationAttributeNames as attribute } from '@perfmon/protocol/names'
import { boundedName } from '../ai/bounded-name.ts'
import type { CoordinationRecordings } from '../coordinate/coordination-recordings.ts'
import type { MessageRecorder } from '../coordinate/record-messages.ts'

export interface QueueWaits {
  /** Told by two clocks, where the work came from another machine: a negative wait is 0, and counted. */
  waited(queue: unknown, seconds: number): void
}

export const createQueueWaits = (
  { queueWaits }: CoordinationRecordings,
  messages: MessageRecorder,
): QueueWaits => ({
  waited(queue, seconds) {
    const name = boundedName(queue) ?? 'unnamed'
    if (seconds < 0) messages.gap('queue', 'clock_skew')
    queueWaits.record(
      queueWaits.find(name) ?? queueWaits.admit(name, { [attribute.queueName]: name }),
      Math.max(0, seconds),
    )
  },
})
