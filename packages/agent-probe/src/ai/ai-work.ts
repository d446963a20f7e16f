import { performance } from 'node:perf_hooks'
import type { Variables } from '../configure/agent-environment.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { Recordings } from '../record/recordings.ts'
import { createAiRecordings } from './ai-recordings.ts'
import { createCurrentAgent } from './current-agent.ts'
import { createFetchFollowers } from './follow-fetch.ts'
import { createRequestFollowers } from './follow-request.ts'
import { createUndiciFollowers } from './follow-undici.ts'
import { createFrameworks, type Frameworks } from './frameworks/frameworks.ts'
import { createModelCalls } from './model-calls.ts'
import { createPriceTable } from './price-table.ts'
import { type Fetch, wrapFetch } from './watch-model-fetch.ts'

/** Everything that is loaded when the agent first does AI work. */
export interface AiWork extends Frameworks {
  readonly fetching: ReturnType<typeof createFetchFollowers>
  readonly requesting: ReturnType<typeof createRequestFollowers>
  readonly undiciRequesting: ReturnType<typeof createUndiciFollowers>
  /** The installed undici has a `fetch` of its own. */
  undici(exports: unknown): void
}

export const createAiWork = ({
  recordings,
  guard,
  env,
}: {
  recordings: Recordings
  guard: HookGuard
  env: Variables
}): AiWork => {
  const now = () => performance.now()
  // There are some already when a worker thread was first.
  const ai = recordings.ai ?? createAiRecordings(recordings.admission)
  recordings.ai = ai
  const calls = createModelCalls({
    ai,
    prices: createPriceTable({
      // Beside the source as beside the bundle.
      shipped: new URL('./prices.json', import.meta.url),
      file: env.PERFMON_PRICES,
      warn: (sentence) => process.emitWarning(sentence),
    }),
    now,
  })
  const agents = createCurrentAgent(guard)
  const parts = { calls, guard, now, currentAgent: agents.name }
  const work: AiWork = {
    fetching: createFetchFollowers(parts),
    requesting: createRequestFollowers(parts),
    undiciRequesting: createUndiciFollowers(parts),
    undici(exports) {
      const undici = exports as { fetch?: Fetch }
      if (typeof undici.fetch === 'function')
        undici.fetch = wrapFetch(undici.fetch, { guard, ai: () => work })
    },
    ...createFrameworks({ ai, agents, guard, now, env }),
  }
  return work
}
