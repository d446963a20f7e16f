import type { RecordedBatch } from '../journal/record.ts'
import { StoreError } from '../store.ts'
import type { LastSamples } from './last-samples.ts'

/** Ids are dense: one beyond this is a mistake, and would make arrays of gigabytes. */
const maxSeriesId = 2 ** 26

/**
 * Why a batch cannot be kept, or null. A sample's series must be known: from before, from the batch itself or
 * from `brought`, the ids that batches ahead of it in the same write introduce.
 */
export const refuseBatch = (
  batch: RecordedBatch,
  last: LastSamples,
  brought: ReadonlySet<number>,
): StoreError | null => {
  const own = new Set(batch.newSeries.map(({ id }) => id))
  for (const id of own) {
    if (!(Number.isInteger(id) && id >= 0 && id <= maxSeriesId)) {
      return new StoreError('failed', `series id ${id} is not a whole number from 0 to ${maxSeriesId}`)
    }
  }
  for (const seriesIds of [batch.seriesIds, batch.late.seriesIds]) {
    for (const seriesId of seriesIds) {
      if (last.knows(seriesId) || brought.has(seriesId) || own.has(seriesId)) continue
      return new StoreError(
        'failed',
        `a sample belongs to series ${seriesId}, which the store was never given: pass it in newSeries, again if the batch that had it was refused`,
      )
    }
  }
  return null
}
