/**
 * What an agent can tell that cannot be seen from outside. Nothing here throws, and without a preloaded
 * probe nothing here does anything: `node --import @perfmon/agent-probe agent.js`.
 */
export { action } from './action.ts'
export { type CacheHandle, type CacheOptions, cache } from './cache.ts'
export type { Bounds, DeclaredAction, Scalar } from './declarations.ts'
export {
  type FinishedInference,
  type InferenceOptions,
  type InferenceUsage,
  type InferenceVerb,
  inference,
} from './inference.ts'
export {
  type Attributes,
  type Counter,
  counter,
  type Gauge,
  gauge,
  type Histogram,
  histogram,
  type InstrumentOptions,
  type Observation,
  type UpDownCounter,
  upDownCounter,
} from './instruments.ts'
export {
  type Carrier,
  type MessageReceived,
  type MessageSent,
  type MessageVerb,
  message,
  type RoundTrip,
} from './message.ts'
export { type QueueHandle, type QueueOptions, queue } from './queue.ts'
export { type RunningTask, type TaskOptions, type TaskVerb, task } from './task.ts'
export { type TunableOptions, tunable } from './tunable.ts'
