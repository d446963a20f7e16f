import type { Matcher } from '@perfmon/core/query'
import type { PendingColumns } from '../samples/pending-columns.ts'
import type { QueryLimits } from './query.ts'
import type { StepsQuery } from './query-engine.ts'

export interface QueryWorkerOptions {
  readonly dir: string
}

interface Bounded {
  readonly id: number
  readonly limits: QueryLimits
  /** Shared: set to 1 to end the query at its next look. */
  readonly cancelled: Int32Array
}

export type QueryRequest =
  | (Bounded & {
      readonly name: 'find'
      readonly matchers: readonly Matcher[]
      readonly wanted: 'series' | 'names' | { readonly label: string }
      readonly limit: number
    })
  | (Bounded & { readonly name: 'prepare'; readonly steps: StepsQuery })
  /** `query`: the id of the request that prepared it. */
  | { readonly id: number; readonly name: 'answer'; readonly query: number; readonly pending: PendingColumns }
  | { readonly id: number; readonly name: 'drop'; readonly query: number }

export interface QueryAnswer {
  readonly id: number
  readonly result?: unknown
  /** Errors travel as plain objects: their classes would not arrive. */
  readonly error?: { readonly kind: 'query' | 'store'; readonly code: string; readonly message: string }
}
