import { aiAttributeNames, attributeNames } from '@perfmon/protocol/names'
import type { HookGuard } from '../../hook-guard.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { AiRecordings } from '../ai-recordings.ts'
import { boundedName } from '../bounded-name.ts'
import { recordDuration } from './record-agent-work.ts'

interface Worker {
  readonly name?: unknown
  processFn?: (...given: unknown[]) => unknown
}
interface WorkerPrototype {
  processJob(this: Worker, ...given: unknown[]): Promise<unknown>
}

interface Ended {
  readonly queue: unknown
  readonly startedAtMs: number
  readonly error?: unknown
  readonly failed: boolean
}

/** How long the agent's own function took for each job of BullMQ, and whether it threw. */
export const createBullMq = ({
  ai,
  guard,
  now,
}: {
  ai: AiRecordings
  guard: HookGuard
  now: () => number
}): ((workerClass: unknown) => void) => {
  const end = guard.wrap<unknown, Ended>(({ queue, startedAtMs, error, failed }) => {
    const errorType = failed ? errorTypeName(error) : undefined
    const name = boundedName(queue)
    recordDuration(ai.jobs, `${name}|${errorType}`, {
      seconds: (now() - startedAtMs) / 1000,
      attributes: () => ({
        [aiAttributeNames.messagingSystem]: 'bullmq',
        [aiAttributeNames.messagingOperation]: 'process',
        [aiAttributeNames.messagingDestination]: name,
        [attributeNames.errorType]: errorType,
      }),
    })
  })

  const timed = Symbol('perfmon.timed')
  const watch = guard.wrap<unknown, Worker & { [timed]?: true }>((worker) => {
    const { processFn } = worker
    if (worker[timed] || typeof processFn !== 'function') return
    worker[timed] = true
    // `processJob` swallows what the function throws, so the function itself is timed.
    worker.processFn = function process(...given) {
      const startedAtMs = now()
      return new Promise((resolve) => resolve(processFn.apply(this, given))).then(
        (result) => {
          end({ queue: worker.name, startedAtMs, failed: false })
          return result
        },
        (error: unknown) => {
          end({ queue: worker.name, startedAtMs, error, failed: true })
          throw error
        },
      )
    }
  })

  return (given) => {
    const prototype = (given as { prototype?: WorkerPrototype } | undefined)?.prototype
    if (typeof prototype?.processJob !== 'function') return
    const { processJob } = prototype
    prototype.processJob = function process(...job) {
      watch(this)
      return processJob.apply(this, job)
    }
  }
}
