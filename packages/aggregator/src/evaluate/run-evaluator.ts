import type { AlertChange, Evaluator } from '@perfmon/core'
import type { Alert, NewEvent } from '@perfmon/protocol'
import type { AgentTable } from '../store/agent-table.ts'
import type { SeriesTable } from '../store/series-table.ts'
import type { SampleBatch, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'

export interface EvaluatorRunnerOptions {
  readonly evaluator: Evaluator
  readonly store: Store
  readonly agents: AgentTable
  readonly series: SeriesTable
  readonly clock: Clock
  readonly listeningSinceMs: number
  readonly logger: Logger
}

export interface EvaluatorRunner {
  /** Judges what no sample tells. Call once a second. */
  sweep(nowMs: number): void
  stats(): { unrecorded: number; droppedChanges: number }
}

/** Changes that wait while the store refuses; beyond it the oldest give way and are counted. */
const maxUnrecorded = 10_000

/**
 * Evaluation is woken by data: each stored batch is judged at once. Read (the batch) → decide (the core) → act and
 * record (alerts and their events in one transaction; the notifier acts on the events).
 */
export function runEvaluator(options: EvaluatorRunnerOptions): EvaluatorRunner {
  const { evaluator, store, agents, series, clock, listeningSinceMs, logger } = options
  let unrecorded: AlertChange[] = []
  let droppedChanges = 0
  let isRecording = false

  function bind(id: number) {
    const bound = series.byId(id)
    const agent = bound && agents.get(bound.agentId)
    if (bound && agent) evaluator.bind(bound, agent)
  }
  for (let id = 0; id < series.nextId; id++) bind(id)
  agents.onRemoved((id) => judge((changes) => evaluator.forget(id, clock.nowMs(), changes)))
  store.onSamples(judgeBatch)

  function judgeBatch(batch: SampleBatch) {
    judge((changes) => {
      const nowMs = clock.nowMs()
      for (const made of batch.newSeries) bind(made.id)
      for (let i = 0; i < batch.values.length; i++) {
        evaluator.observe(batch.seriesIds[i]!, batch.timesMs[i]!, batch.values[i]!, nowMs, changes)
      }
    })
  }

  function judge(decide: (changes: AlertChange[]) => void) {
    decide(unrecorded)
    if (unrecorded.length > maxUnrecorded) {
      droppedChanges += unrecorded.length - maxUnrecorded
      unrecorded = unrecorded.slice(-maxUnrecorded)
    }
    if (unrecorded.length > 0 && !isRecording) void record()
  }

  /** One recording at a time and in order: an alert's end must not overtake its beginning. */
  async function record() {
    isRecording = true
    while (unrecorded.length > 0) {
      const changes = unrecorded
      unrecorded = []
      const latest = new Map<string, Alert>(changes.map(({ alert }) => [alert.id, alert]))
      const timeMs = clock.nowMs()
      const events = changes.flatMap(({ event }): NewEvent[] => (event ? [{ ...event, timeMs }] : []))
      try {
        await store.recordAlerts([...latest.values()], events)
      } catch (error) {
        unrecorded = [...changes, ...unrecorded]
        logger.error({ err: error }, 'alerts could not be recorded; it is tried again')
        // The next sweep tries again; at once it would only fail as often as it can.
        break
      }
    }
    isRecording = false
  }

  return {
    sweep(nowMs) {
      judge((changes) => evaluator.sweep(agents.list(), nowMs, listeningSinceMs, changes))
    },
    stats: () => ({ unrecorded: unrecorded.length, droppedChanges }),
  }
}
