import type { AiRecordings } from '../ai/ai-recordings.ts'
import type { PriceTable } from '../ai/price-table.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import type { CoordinationRecordings } from '../coordinate/coordination-recordings.ts'
import type { ExplicitMessages } from '../coordinate/explicit-messages.ts'
import type { MessageContexts } from '../coordinate/message-context.ts'
import type { MessageRecorder } from '../coordinate/record-messages.ts'
import type { Reading } from '../record/reading.ts'
import { createCaches } from './caches.ts'
import { createInferences } from './inferences.ts'
import { createInstruments } from './instruments.ts'
import type { QueueWaits } from './queue-waits.ts'
import { createQueues } from './queues.ts'
import { createRefusals } from './refusals.ts'
import { createTasks } from './tasks.ts'

/** What stands behind `@perfmon/agent-probe/api` once a probe is preloaded. One part per verb. */
export const createExplicitApi = (parts: {
  recordings: CoordinationRecordings
  messages: MessageRecorder
  contexts: MessageContexts
  explicitMessages: ExplicitMessages
  waits: QueueWaits
  ai: () => AiRecordings
  prices: PriceTable
  warn: (sentence: string) => void
  now: () => number
  wallMs: () => number
}): { api: ProbeApi; read(): readonly Reading[] } => {
  const refuse = createRefusals(parts.recordings.refused, parts.warn)
  const queues = createQueues({ waits: parts.waits, refuse })
  const caches = createCaches(refuse)
  const instruments = createInstruments(refuse)
  return {
    api: {
      startTask: createTasks({ ...parts, refuse }),
      ...createInferences({ ...parts, refuse }),
      ...parts.explicitMessages,
      queue: queues.open,
      cache: caches.open,
      instrument: instruments.open,
    },
    read: () => [...queues.read(), ...caches.read(), ...instruments.read()],
  }
}
