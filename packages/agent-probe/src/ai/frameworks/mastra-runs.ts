import type { HookGuard } from '../../hook-guard.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { AgentWorkRecorder } from './record-agent-work.ts'

interface Run {
  readonly workflowId?: unknown
  readonly isInternalWorkflow?: boolean
  readonly tracingPolicy?: { readonly internal?: unknown }
}
/** A failed workflow is a result to Mastra; `suspended` ones wait for somebody. */
interface Outcome {
  readonly status?: unknown
  readonly error?: unknown
}
interface RunPrototype {
  _start(this: Run, ...given: unknown[]): Promise<Outcome>
}
interface Ended {
  readonly run: Run
  readonly startedAtMs: number
  readonly failed: boolean
  readonly error?: unknown
}

/** Runs of Mastra's workflows by their id, from the start to the end or to where they wait for somebody. */
export const createMastraRuns = ({
  record,
  guard,
  now,
}: {
  record: AgentWorkRecorder
  guard: HookGuard
  now: () => number
}): ((runClass: unknown) => void) => {
  const end = guard.wrap<unknown, Ended>(({ run, startedAtMs, failed, error }) => {
    // An agent of Mastra's is made of workflows itself.
    if (run.isInternalWorkflow || run.tracingPolicy?.internal) return
    const seconds = (now() - startedAtMs) / 1000
    const errorType = failed ? errorTypeName(error) : undefined
    record.workflow({ framework: 'mastra', workflow: run.workflowId, seconds, errorType })
  })

  return (given) => {
    const prototype = (given as { prototype?: RunPrototype } | undefined)?.prototype
    const start = prototype?._start
    if (prototype === undefined || typeof start !== 'function') return
    prototype._start = async function started(...options) {
      const startedAtMs = now()
      try {
        const outcome = await start.apply(this, options)
        end({ run: this, startedAtMs, failed: outcome?.status === 'failed', error: outcome?.error })
        return outcome
      } catch (error) {
        end({ run: this, startedAtMs, failed: true, error })
        throw error
      }
    }
  }
}
