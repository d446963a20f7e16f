import type { Variables } from '../configure/agent-environment.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { Recordings } from '../record/recordings.ts'
import type { AiWork } from './ai-work.ts'
import { hookFrameworks, type OtherPackages } from './hook-frameworks.ts'
import { watchModelFetch } from './watch-model-fetch.ts'
import { watchModelRequests } from './watch-model-requests.ts'
import { watchModelUndici } from './watch-model-undici.ts'

type AiWorkModule = typeof import('./ai-work.ts')

const isOff = (value: string | undefined) => value !== undefined && /^(0|false|no|off)$/i.test(value.trim())

/** `PERFMON_AI=off`, or the level that promises the least. */
export const isAiOff = (env: Variables): boolean =>
  isOff(env.PERFMON_AI) || env.PERFMON_LEVEL?.trim().toLowerCase() === 'minimal'

/** Hooks only: what they call is loaded when the agent first calls a model or runs an agent. */
export const watchAi = ({
  recordings,
  guard,
  env,
  others,
}: {
  recordings: Recordings
  guard: HookGuard
  env: Variables
  others: OtherPackages
}): void => {
  if (isAiOff(env)) {
    hookFrameworks({ guard, ai: undefined, others })
    return
  }
  let work: AiWork | undefined
  const load = (): AiWork => {
    const { createRequire } = process.getBuiltinModule('node:module')
    const { createAiWork } = createRequire(import.meta.url)('./ai.js') as AiWorkModule
    work = createAiWork({ recordings, guard, env })
    return work
  }
  const ai = () => work ?? load()
  watchModelFetch({ guard, ai })
  watchModelRequests({ guard, ai })
  watchModelUndici({ guard, ai })
  hookFrameworks({ guard, ai, others })
}
