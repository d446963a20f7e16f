import type { CacheHandle, CacheOptions } from './cache.ts'
import type { FinishedInference, InferenceOptions, InferenceUsage } from './inference.ts'
import type { InstrumentKind, InstrumentOptions, NumberInstrument } from './instruments.ts'
import type { MessageReceived, MessageSent, RoundTrip } from './message.ts'
import type { QueueHandle, QueueOptions } from './queue.ts'
import type { RunningTask, TaskOptions, Work } from './task.ts'

/**
 * What a preloaded probe offers this module, under a global symbol: there may be several copies of this
 * package in one process, of several versions. Version 1 only grows: a verb that an older probe does not
 * have is absent, and then nothing is recorded.
 */
export interface ProbeApi {
  startTask(name: string, options: TaskOptions): RunningTask & { run<Result>(work: Work<Result>): Result }
  messageSent(message: MessageSent): void
  messageReceived<Result>(message: MessageReceived, work: () => Result): Result
  roundTrip(trip: RoundTrip): void
  infer<Result>(
    options: InferenceOptions,
    work: (call: { used(usage: InferenceUsage): void }) => Result,
  ): Result
  inferred(call: FinishedInference): void
  cache(name: string, options: CacheOptions): CacheHandle
  queue(name: string, options: QueueOptions): QueueHandle
  instrument(kind: InstrumentKind, name: string, options: InstrumentOptions): NumberInstrument
}

/** Agents keep what they are given here for their whole life: it changes with its version only. */
export const probeApiKey = Symbol.for('perfmon.agent-probe.api.1')

/** The probe, when it is preloaded. */
export const probeApi = (): Partial<ProbeApi> | undefined =>
  (globalThis as { [probeApiKey]?: Partial<ProbeApi> })[probeApiKey]
