import type { QueueWaits } from '../explicit/queue-waits.ts'
import { settleWith } from '../explicit/settle-with.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { IsInternal } from './internal-host.ts'
import type { MessageContext, MessageContexts } from './message-context.ts'
import { type Messenger, traceStateOf } from './messenger.ts'
import type { MessageRecorder } from './record-messages.ts'

const transport = 'bullmq'
/** Longest metadata that is looked into. */
const maxMetadata = 4096

interface Telemetry {
  readonly metadata?: unknown
  readonly omitContext?: unknown
}
interface Job {
  readonly queueName?: unknown
  readonly timestamp?: unknown
  readonly processedOn?: unknown
  readonly attemptsStarted?: unknown
  readonly attemptsMade?: unknown
  readonly repeatJobKey?: unknown
  readonly opts?: { readonly delay?: unknown; readonly telemetry?: Telemetry }
  readonly queue?: { readonly opts?: { readonly connection?: unknown } }
}
interface JobClass {
  create(...given: unknown[]): unknown
  createBulk(...given: unknown[]): unknown
  prototype: {
    asJSON(this: Job): { opts?: { telemetry?: Telemetry } }
    addJob?(...given: unknown[]): unknown
    toFlowEntry?(...given: unknown[]): unknown
  }
}
interface Worker {
  processFn?: (...given: [Job, ...unknown[]]) => unknown
}
interface WorkerClass {
  prototype: { processJob(this: Worker, ...given: unknown[]): unknown }
}

export interface JobMessages {
  /** BullMQ's classes, as they are loaded. */
  worker(workerClass: unknown): void
  job(jobClass: unknown): void
}

/** What a probe or BullMQ's own telemetry put beside the job: a JSON object of headers. */
const readMetadata = (metadata: unknown): Record<string, unknown> | undefined => {
  if (typeof metadata !== 'string' || metadata.length > maxMetadata || metadata[0] !== '{') return undefined
  try {
    return JSON.parse(metadata)
  } catch {
    return undefined
  }
}

/** Where a queue's Redis is; absent when it cannot be told. */
const redisHost = (connection: unknown): string | undefined => {
  const { options, host, path, url } = (connection ?? {}) as Record<string, unknown>
  if (typeof options === 'object' && options !== null) return redisHost(options)
  if (typeof path === 'string') return 'localhost'
  if (typeof url === 'string') return URL.canParse(url) ? new URL(url).hostname : undefined
  // As ioredis has it, where none is told.
  return host === undefined ? 'localhost' : String(host)
}

/**
 * Jobs of BullMQ: who gave them, how long they waited, and what they cause. The sender travels in `opts.telemetry`,
 * BullMQ's own place for it, and only where Redis is internal.
 */
export const createJobMessages = ({
  messenger,
  messages,
  contexts,
  waits,
  guard,
  isInternal,
}: {
  messenger: Messenger
  messages: MessageRecorder
  contexts: MessageContexts
  waits: QueueWaits
  guard: HookGuard
  isInternal: IsInternal
}): JobMessages => {
  const receive = guard.wrap<unknown, { job: Job; context?: MessageContext }>((received) => {
    const { job } = received
    const { timestamp, processedOn, opts = {} } = job
    const heldMs = typeof opts.delay === 'number' ? opts.delay : 0
    // A repeated attempt has waited for its turn, and a job of a schedule was given by nobody.
    const isFirst = Number(job.attemptsStarted ?? Number(job.attemptsMade) + 1) <= 1
    if (isFirst && typeof timestamp === 'number' && typeof processedOn === 'number') {
      waits.waited(job.queueName, (processedOn - timestamp - heldMs) / 1000)
    }
    const told = readMetadata(opts.telemetry?.metadata)
    received.context = messenger.receive({
      transport,
      traceParent: told?.traceparent,
      traceState: isFirst && job.repeatJobKey === undefined ? told?.tracestate : undefined,
      heldMs,
      fromAnyone: true,
    })
  })

  const followed = Symbol('perfmon.followed')
  const follow = guard.wrap<unknown, Worker & { [followed]?: true }>((worker) => {
    const { processFn } = worker
    if (worker[followed] || typeof processFn !== 'function') return
    worker[followed] = true
    worker.processFn = function process(...given) {
      const received: { job: Job; context?: MessageContext } = { job: given[0] }
      receive(received)
      const { context } = received
      if (context === undefined) return processFn.apply(this, given)
      const end = () => messages.ended(context)
      return contexts.within(context, () =>
        settleWith(() => processFn.apply(this, given), { done: end, failed: end }),
      )
    }
  })

  let adding = 0
  const mark = guard.wrap<Job, { opts?: { telemetry?: Telemetry } }>(function mark(json) {
    messages.sent(transport)
    const host = redisHost(this.queue?.opts?.connection)
    const telemetry = json.opts?.telemetry
    if (telemetry?.omitContext || host === undefined || !isInternal(host)) return
    const told = readMetadata(telemetry?.metadata)
    // Somebody else's context, in a form that we do not know.
    if (telemetry?.metadata !== undefined && told?.traceparent === undefined) return
    const marks = messenger.mark(told?.traceparent, told?.tracestate)
    const metadata = JSON.stringify({
      ...told,
      traceparent: marks.traceparent,
      tracestate: traceStateOf(marks),
    })
    // A copy: the options belong to the agent, who may give them to many jobs.
    json.opts = { ...json.opts, telemetry: { ...telemetry, metadata } }
  })
  const whileAdding = (owner: object, name: string) => {
    const original: unknown = Reflect.get(owner, name)
    if (typeof original !== 'function') return
    const value = function added(this: unknown, ...given: unknown[]): unknown {
      adding++
      try {
        return original.apply(this, given)
      } finally {
        adding--
      }
    }
    Reflect.set(owner, name, value)
  }

  return {
    worker(given) {
      const { prototype } = given as WorkerClass
      const { processJob } = prototype
      if (typeof processJob !== 'function') return
      prototype.processJob = function process(...job) {
        follow(this)
        return processJob.apply(this, job)
      }
    },
    job(given) {
      const jobClass = given as JobClass
      const { asJSON } = jobClass.prototype
      if (typeof asJSON !== 'function' || typeof jobClass.create !== 'function') return
      jobClass.prototype.asJSON = function json() {
        const made = asJSON.call(this)
        if (adding > 0) mark.call(this, made)
        return made
      }
      // What `asJSON` makes for these is stored; for others it is shown.
      whileAdding(jobClass, 'create')
      whileAdding(jobClass, 'createBulk')
      whileAdding(jobClass.prototype, 'addJob')
      whileAdding(jobClass.prototype, 'toFlowEntry')
    },
  }
}
