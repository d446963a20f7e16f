import type { HookGuard } from '../../hook-guard.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { AgentWorkRecorder } from './record-agent-work.ts'

const framework = 'mastra'

interface MastraAgent {
  readonly name?: unknown
}
type Run = (this: MastraAgent, ...given: unknown[]) => unknown
type AgentPrototype = Record<'generate' | 'stream', Run>

interface Ended {
  readonly agent: unknown
  readonly startedAtMs: number
  readonly error?: unknown
  readonly failed: boolean
}

/** Agents of Mastra by name. A stream counts until it is finished, as far as the framework tells. */
export const createMastra = ({
  record,
  guard,
  now,
}: {
  record: AgentWorkRecorder
  guard: HookGuard
  now: () => number
}): ((agentClass: unknown) => void) => {
  const end = guard.wrap<unknown, Ended>(({ agent, startedAtMs, error, failed }) =>
    record.agent({
      framework,
      agent,
      seconds: (now() - startedAtMs) / 1000,
      errorType: failed ? errorTypeName(error) : undefined,
    }),
  )

  const wrap = (run: Run): Run =>
    async function watched(...given) {
      const call = { agent: this.name, startedAtMs: now() }
      try {
        const result = await run.apply(this, given)
        end({ ...call, failed: false })
        return result
      } catch (error) {
        end({ ...call, error, failed: true })
        throw error
      }
    }

  return (given) => {
    const prototype = (given as { prototype?: AgentPrototype } | undefined)?.prototype
    if (typeof prototype?.generate !== 'function') return
    prototype.generate = wrap(prototype.generate)
  }
}
