import { coordinationAttributeNames as attribute } from '@perfmon/protocol/names'
import { createTally, type Tally } from '../ai/tally.ts'
import {
  type Admission,
  createDurationHistogram,
  type DurationHistogram,
} from '../record/duration-histogram.ts'

/** Seconds: from messages within a machine to the thresholds that are alerted on, 0.2 and 0.5, and beyond. */
const latencyBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30, 60]
/** Powers of two from 0.01 s to 22 minutes. */
const workBounds = Array.from({ length: 18 }, (_, power) => 0.01 * 2 ** power)
const countBounds = [0, 1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 50, 100]
/** Powers of four from 64 bytes to 64 MiB. */
const sizeBounds = Array.from({ length: 11 }, (_, power) => 64 * 4 ** power)

/** What hooks write about messages and tasks. Absent of its metrics is whatever never happened. */
export interface CoordinationRecordings {
  readonly latencies: DurationHistogram
  readonly roundTrips: DurationHistogram
  readonly fanOuts: DurationHistogram
  readonly sizes: DurationHistogram
  readonly tasks: DurationHistogram
  readonly queueWaits: DurationHistogram
  readonly sent: Tally
  readonly received: Tally
  readonly gaps: Tally
  readonly started: Tally
  readonly active: Tally
  readonly duplicates: Tally
  readonly refused: Tally
}

export const createCoordinationRecordings = (admission: Admission): CoordinationRecordings => {
  return {
    latencies: createDurationHistogram({ bounds: latencyBounds, admission }),
    roundTrips: createDurationHistogram({ bounds: latencyBounds, admission }),
    fanOuts: createDurationHistogram({ bounds: countBounds, admission }),
    sizes: createDurationHistogram({ bounds: sizeBounds, admission }),
    tasks: createDurationHistogram({ bounds: workBounds, admission }),
    queueWaits: createDurationHistogram({ bounds: workBounds, admission }),
    sent: createTally({ admission }),
    received: createTally({ admission }),
    gaps: createTally({ admission }),
    started: createTally({ admission }),
    active: createTally({ admission }),
    duplicates: createTally({ admission }),
    refused: createTally({ admission }),
  }
}

/** Attributes of a message by what is known of it. */
export const messageAttributes = (transport: string, peer?: string) => ({
  [attribute.transport]: transport,
  ...(peer !== undefined && { [attribute.peer]: peer }),
})
