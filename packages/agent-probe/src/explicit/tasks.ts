import { coordinationAttributeNames as attribute, attributeNames } from '@perfmon/protocol/names'
import { boundedName } from '../ai/bounded-name.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import type { TaskOptions } from '../api/task.ts'
import type { CoordinationRecordings } from '../coordinate/coordination-recordings.ts'
import type { MessageContexts } from '../coordinate/message-context.ts'
import type { MessageRecorder } from '../coordinate/record-messages.ts'
import { errorTypeName } from '../record/http-names.ts'
import type { QueueWaits } from './queue-waits.ts'
import { createRecentKeys } from './recent-keys.ts'
import { type Refuse, shown } from './refusals.ts'
import { settleWith } from './settle-with.ts'

/** Transport of what a task, rather than a message, causes. */
const transport = 'task'
const maxKeyLength = 200

/** `task()`: duration, failure, what is in progress, what it caused, how long it had waited. */
export const createTasks = ({
  recordings: { tasks, started, active, duplicates },
  messages,
  contexts,
  waits,
  refuse,
  now,
  wallMs,
}: {
  recordings: CoordinationRecordings
  messages: MessageRecorder
  contexts: MessageContexts
  waits: QueueWaits
  refuse: Refuse
  now: () => number
  wallMs: () => number
}): ProbeApi['startTask'] => {
  const recentKeys = createRecentKeys()
  const repeats = (name: string, { key }: TaskOptions): boolean => {
    if (key === undefined) return false
    if (typeof key !== 'string' || key.length > maxKeyLength) {
      refuse(
        'value',
        `task ${name}`,
        `its key is ${shown(key)}, not a text of up to ${maxKeyLength} characters`,
      )
      return false
    }
    return recentKeys.hasSeen(`${name}|${key}`, now())
  }
  const waited = (name: string, { queuedAtMs, queue }: TaskOptions) => {
    if (queuedAtMs === undefined) return
    if (typeof queuedAtMs !== 'number' || !Number.isFinite(queuedAtMs)) {
      refuse('value', `task ${name}`, `queuedAtMs is ${shown(queuedAtMs)}, not milliseconds since 1970`)
      return
    }
    waits.waited(queue ?? name, (wallMs() - queuedAtMs) / 1000)
  }

  return (given, options) => {
    const known = boundedName(given)
    if (known === undefined) {
      refuse('name', 'task', `a task needs a name, not ${shown(given)}; it is counted as "unnamed"`)
    }
    const name = known ?? 'unnamed'
    waited(name, options ?? {})
    const startedAtMs = now()
    const context = contexts.openWithin(transport)
    const attributes = { [attribute.taskName]: name }
    started.add(name, 1, () => attributes)
    active.add(name, 1, () => attributes)
    if (repeats(name, options ?? {})) duplicates.add(name, 1, () => attributes)

    let ended = false
    const end = (errorType: string | undefined) => {
      if (ended) {
        refuse('ended_twice', `task ${name}`, 'it was completed or failed already; call only one, once')
        return
      }
      ended = true
      active.add(name, -1, () => attributes)
      const key = `${name}|${errorType ?? ''}`
      const series =
        tasks.find(key) ??
        tasks.admit(key, {
          ...attributes,
          ...(errorType !== undefined && { [attributeNames.errorType]: errorType }),
        })
      tasks.record(series, (now() - startedAtMs) / 1000)
      messages.ended(context)
    }
    const handle = {
      complete: () => end(undefined),
      fail: (error?: unknown) => end(errorTypeName(error)),
    }
    return {
      ...handle,
      run: (work) =>
        contexts.within(context, () =>
          settleWith(() => work(handle), {
            // A function that told its end by itself has the last word.
            done: () => ended || end(undefined),
            failed: (error) => ended || end(errorTypeName(error)),
          }),
        ),
    }
  }
}
