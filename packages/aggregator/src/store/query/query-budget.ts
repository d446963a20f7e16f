import { QueryError } from '@perfmon/core/query'
import type { QueryLimits } from './query.ts'

/** What one query may still use. Asked between series, so that none runs on for nobody. */
export interface QueryBudget {
  readonly limits: QueryLimits
  /** @throws QueryError `deadline` or `cancelled` */
  check(): void
  /** @throws QueryError `too-many-samples` */
  spend(samples: number): void
}

export const createQueryBudget = (
  limits: QueryLimits,
  cancelled: Int32Array,
  nowMs: () => number,
): QueryBudget => {
  const endMs = nowMs() + limits.deadlineMs
  let spent = 0
  return {
    limits,
    check() {
      if (Atomics.load(cancelled, 0) !== 0) throw new QueryError('cancelled', 'whoever asked went away')
      if (nowMs() > endMs)
        throw new QueryError(
          'deadline',
          `the answer takes longer than ${limits.deadlineMs} ms (deadlineMs); ask for fewer series or a larger step`,
        )
    },
    spend(samples) {
      spent += samples
      if (spent > limits.maxSamples)
        throw new QueryError(
          'too-many-samples',
          `more than ${limits.maxSamples} samples would be read (maxSamples); ask for a shorter range or a larger step`,
        )
    },
  }
}
