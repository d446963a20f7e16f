/**
 * Why a query has no answer. `code` is stable; the message names the limit and what to do. `bad-query`: what was asked
 * cannot be; `too-many-series`, `too-many-points`, `too-many-samples`: more than one query may take; `deadline`: it
 * took too long; `cancelled`: whoever asked went away.
 */
export class QueryError extends Error {
  readonly code:
    | 'bad-query'
    | 'too-many-series'
    | 'too-many-points'
    | 'too-many-samples'
    | 'deadline'
    | 'cancelled'
  constructor(code: QueryError['code'], message: string) {
    super(message)
    this.name = 'QueryError'
    this.code = code
  }
}
