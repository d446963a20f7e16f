import {
  coordinationAttributeNames as attribute,
  coordinationMetricNames as names,
} from '@perfmon/protocol/names'
import { boundedName } from '../ai/bounded-name.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import type { QueueOptions } from '../api/queue.ts'
import type { Reading } from '../record/reading.ts'
import { askNumber } from './ask-number.ts'
import type { QueueWaits } from './queue-waits.ts'
import { type Refuse, shown } from './refusals.ts'

const maxQueues = 100

/** `queue()`: depths that the agent is asked for before each report. */
export const createQueues = ({
  waits,
  refuse,
}: {
  waits: QueueWaits
  refuse: Refuse
}): { open: ProbeApi['queue']; read(): readonly Reading[] } => {
  const open = new Map<string, QueueOptions>()
  const closed = { waited() {}, close() {} }

  return {
    open(given, options) {
      const name = boundedName(given)
      if (name === undefined) {
        refuse('name', 'queue', `a queue needs a name, not ${shown(given)}`)
        return closed
      }
      if (!open.has(name) && open.size >= maxQueues) {
        refuse('too_many', `queue ${name}`, `there are ${maxQueues} already; close those that are gone`)
        return closed
      }
      const settings: QueueOptions = options ?? { size: undefined as unknown as () => number }
      open.set(name, settings)
      return {
        waited(seconds) {
          if (typeof seconds === 'number' && Number.isFinite(seconds)) waits.waited(name, seconds)
          else refuse('value', `queue ${name}`, `a wait is a number of seconds, not ${shown(seconds)}`)
        },
        close() {
          // A later queue of that name is somebody else's.
          if (open.get(name) === settings) open.delete(name)
        },
      }
    },
    read() {
      const sizes = [...open].flatMap(([name, { size }]) => {
        const value = askNumber(size, `queue ${name}`, refuse)
        return value === undefined ? [] : [{ value, attributes: { [attribute.queueName]: name } }]
      })
      const limits = [...open].flatMap(([name, { limit }]) =>
        typeof limit === 'number' && Number.isFinite(limit)
          ? [{ value: limit, attributes: { [attribute.queueName]: name } }]
          : [],
      )
      return [
        {
          kind: 'upDownCounter',
          descriptor: { name: names.queueSize, description: 'Tasks that wait', unit: '{task}' },
          points: sizes,
        },
        {
          kind: 'upDownCounter',
          descriptor: { name: names.queueLimit, description: 'Tasks that can wait', unit: '{task}' },
          points: limits,
        },
      ]
    },
  }
}
