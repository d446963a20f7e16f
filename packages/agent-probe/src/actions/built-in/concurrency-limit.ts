import type { ActionArgs } from '@perfmon/protocol'
import type { Setting } from '../setting-action.ts'
import { createRequestGate } from './request-gate.ts'

/** How many requests the agent serves at a time: a limit that really limits. 0 is none, and costs nothing. */
export const concurrencyLimit = (isOwnServer: (server: object) => boolean): Setting => {
  const gate = createRequestGate(isOwnServer)
  let inForce = { limit: 0, queue: 100, waitMs: 10_000 }
  return {
    description:
      'Limits the HTTP requests that are served at a time (0: no limit). Further ones wait in a queue, in order; over the queue or the wait they get 503.',
    arguments: {
      limit: { type: 'number', min: 0, max: 10_000, step: 1, unit: '{request}' },
      queue: { type: 'number', min: 0, max: 10_000, step: 1, unit: '{request}' },
      waitMs: { type: 'number', min: 1, max: 600_000, step: 1, unit: 'ms' },
    },
    read: (): ActionArgs => ({ ...inForce }),
    apply(args) {
      inForce = {
        limit: Number(args['limit'] ?? inForce.limit),
        queue: Number(args['queue'] ?? inForce.queue),
        waitMs: Number(args['waitMs'] ?? inForce.waitMs),
      }
      const { limit, queue, waitMs } = inForce
      gate.set(limit === 0 ? undefined : { most: limit, queue, waitMs })
    },
  }
}
