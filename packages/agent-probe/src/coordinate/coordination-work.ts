import { AsyncLocalStorage } from 'node:async_hooks'
import { createAiRecordings } from '../ai/ai-recordings.ts'
import { createPriceTable } from '../ai/price-table.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import type { Variables } from '../configure/agent-environment.ts'
import { createExplicitApi } from '../explicit/explicit-api.ts'
import { createQueueWaits } from '../explicit/queue-waits.ts'
import type { HookGuard } from '../hook-guard.ts'
import { scrubText } from '../privacy/scrub-text.ts'
import type { Recordings } from '../record/recordings.ts'
import { createCoordinationRecordings } from './coordination-recordings.ts'
import { createExplicitMessages } from './explicit-messages.ts'
import { createHttpMessages, type HttpMessages } from './http-messages.ts'
import { createIsInternal } from './internal-host.ts'
import { createJobMessages, type JobMessages } from './job-messages.ts'
import { createMessageContexts, type MessageContext } from './message-context.ts'
import { type AgentIdentity, createMessenger } from './messenger.ts'
import { createNewTraceFlags } from './new-trace-flags.ts'
import { createOpenEnds } from './open-ends.ts'
import { createProcessMessages, type ProcessMessages } from './process-messages.ts'
import { createMessageRecorder } from './record-messages.ts'
import { createSocketMessages, type SocketMessages } from './socket-messages.ts'
import { createThreadMessages, type ThreadMessages } from './thread-messages.ts'
import { createWallClock } from './wall-clock.ts'

/** Everything that is loaded when the agent first sends or receives a message, or uses the API. */
export interface CoordinationWork {
  readonly api: ProbeApi
  readonly processes: ProcessMessages
  readonly jobs: JobMessages
  readonly sockets: SocketMessages
  threads(): ThreadMessages
  readonly http: HttpMessages
}

/** Warnings are not for whoever asked for silence. */
const isQuiet = (env: Variables) => /^(silent|error)$/i.test(env.PERFMON_LOG_LEVEL?.trim() ?? '')

export const createCoordinationWork = ({
  recordings,
  guard,
  env,
  identity,
  followCauses,
}: {
  recordings: Recordings
  guard: HookGuard
  env: Variables
  /** Absent where nobody knows the agent's name. */
  identity: () => AgentIdentity | undefined
  /** Whether what one message causes is followed through the agent. */
  followCauses: boolean
}): CoordinationWork => {
  const now = () => performance.now()
  const wallMs = createWallClock({
    timeOriginMs: performance.timeOrigin,
    monotonicMs: now,
    systemMs: Date.now,
  })
  const warn = (sentence: string) => {
    if (!isQuiet(env)) process.emitWarning(sentence, 'PerfmonWarning')
  }
  // There are some already when a worker thread was first.
  const coordination = recordings.coordination ?? createCoordinationRecordings(recordings.admission)
  recordings.coordination = coordination
  const messages = createMessageRecorder(coordination)
  let known: AgentIdentity | undefined
  /** A worker thread knows a name as somebody wrote it, and it passes the gate of all that leaves once. */
  const cleanIdentity = () => {
    if (known === undefined) {
      const given = identity()
      known = given && { ...given, service: scrubText(given.service) }
    }
    return known
  }
  const newFlags = createNewTraceFlags(env, Math.random)
  const contexts = createMessageContexts(
    followCauses ? new AsyncLocalStorage<MessageContext>() : undefined,
    newFlags,
  )
  const messenger = createMessenger({ identity: cleanIdentity, messages, contexts, newFlags, wallMs })

  const waits = createQueueWaits(coordination, messages)
  const { api, read } = createExplicitApi({
    recordings: coordination,
    messages,
    contexts,
    explicitMessages: createExplicitMessages({ messenger, messages, contexts }),
    waits,
    ai: () => {
      recordings.ai ??= createAiRecordings(recordings.admission)
      return recordings.ai
    },
    prices: createPriceTable({
      shipped: new URL('./prices.json', import.meta.url),
      file: env.PERFMON_PRICES,
      warn,
    }),
    warn,
    now,
    wallMs,
  })
  const openEnds = createOpenEnds(messages, now)
  recordings.sources.push((ending) => {
    openEnds.settle(ending)
    return read()
  })
  const isInternal = createIsInternal(env.PERFMON_PROPAGATE)

  // Only where there are any: `node:worker_threads` takes 2 ms to load.
  let threads: ThreadMessages | undefined
  const parts = { messenger, messages, contexts, openEnds, guard, isInternal, now }
  return {
    api,
    http: createHttpMessages(parts),
    processes: createProcessMessages({ ...parts, service: () => cleanIdentity()?.service }),
    jobs: createJobMessages({ ...parts, waits }),
    sockets: createSocketMessages(parts),
    threads() {
      threads ??= createThreadMessages(parts)
      return threads
    },
  }
}
