import { coordinationMetricNames as names } from '@perfmon/protocol/names'
import type { Tally } from '../ai/tally.ts'
import type { Reading } from '../record/reading.ts'
import type { CoordinationRecordings } from './coordination-recordings.ts'

/** Everything recorded about messages and tasks; nothing where there were none. */
export const readCoordination = (recorded: CoordinationRecordings | undefined): readonly Reading[] => {
  if (recorded === undefined) return []
  return [
    {
      kind: 'histogram',
      descriptor: {
        name: names.messageLatency,
        description: 'From the sending of a message to its receipt',
        unit: 's',
      },
      recorded: recorded.latencies,
    },
    {
      kind: 'histogram',
      descriptor: {
        name: names.messageRoundTrip,
        description: 'From a ping to its answer',
        unit: 's',
      },
      recorded: recorded.roundTrips,
    },
    {
      kind: 'histogram',
      descriptor: {
        name: names.messageFanOut,
        description: 'Messages sent because of one received, or within a task',
        unit: '{message}',
      },
      recorded: recorded.fanOuts,
    },
    {
      kind: 'histogram',
      descriptor: { name: names.messageSize, description: 'Size of messages', unit: 'By' },
      recorded: recorded.sizes,
    },
    {
      kind: 'histogram',
      descriptor: { name: names.taskDuration, description: 'Duration of tasks', unit: 's' },
      recorded: recorded.tasks,
    },
    {
      kind: 'histogram',
      descriptor: { name: names.queueWait, description: 'Time that work waited in a queue', unit: 's' },
      recorded: recorded.queueWaits,
    },
    counted('counter', names.messagesSent, 'Messages sent', '{message}', recorded.sent),
    counted('counter', names.messagesReceived, 'Messages received', '{message}', recorded.received),
    counted(
      'counter',
      names.messageGaps,
      'What could not be measured of messages',
      '{message}',
      recorded.gaps,
    ),
    counted('counter', names.taskStarted, 'Tasks started', '{task}', recorded.started),
    counted('upDownCounter', names.taskActive, 'Tasks in progress', '{task}', recorded.active),
    counted('counter', names.taskDuplicates, 'Tasks done before', '{task}', recorded.duplicates),
    counted('counter', names.apiRefused, 'Calls of the API that were refused', '{call}', recorded.refused),
  ]
}

const counted = (
  kind: 'counter' | 'upDownCounter',
  name: string,
  description: string,
  unit: string,
  { series }: Tally,
): Reading => ({ kind, descriptor: { name, description, unit, integer: true }, points: series })
