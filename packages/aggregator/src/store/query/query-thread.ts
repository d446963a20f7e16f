import type { Worker } from 'node:worker_threads'
import { QueryError } from '@perfmon/core/query'
import type { PendingColumns } from '../samples/pending-columns.ts'
import { startWorker } from '../start-worker.ts'
import { StoreError } from '../store.ts'
import {
  type BucketAnswer,
  type BucketLine,
  defaultQueryLimits,
  type QueryOptions,
  type QuerySource,
  type StoreQueries,
} from './query.ts'
import type { StepsQuery } from './query-engine.ts'
import type { QueryAnswer, QueryRequest } from './query-requests.ts'

export interface QueryThread extends StoreQueries {
  close(): Promise<void>
}

export interface QueryThreadOptions {
  readonly dir: string
  /** Makes new series findable. A disk that refuses does not keep anybody from reading the others. */
  readonly writeNewSeries: () => Promise<void>
  readonly pendingSamples: (seriesIds: Uint32Array, fromMs: number, toMs: number) => Promise<PendingColumns>
}

/** Queries that may wait for the thread. It answers one after the other. */
const maxWaiting = 200

type Asked = QueryRequest extends infer Request
  ? Request extends QueryRequest
    ? Omit<Request, 'id'>
    : never
  : never

/** Starts the thread with the first query: who asks for nothing pays for nothing. */
export const createQueryThread = (options: QueryThreadOptions): QueryThread => {
  const { dir, writeNewSeries, pendingSamples } = options
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>()
  let worker: Worker | null = null
  let isClosed = false
  let nextId = 1

  const start = (): Worker => {
    const started = startWorker('query/query-worker', 'perfmon-query', { dir })
    // A query keeps nobody from ending the process.
    started.unref()
    started.on('message', ({ id, result, error }: QueryAnswer) => {
      const asked = waiting.get(id)
      waiting.delete(id)
      if (error === undefined) asked?.resolve(result as never)
      else if (error.kind === 'query')
        asked?.reject(new QueryError(error.code as QueryError['code'], error.message))
      else asked?.reject(new StoreError(error.code as StoreError['code'], error.message))
    })
    const end = (reason: string): void => {
      if (worker === started) worker = null
      const failed = new StoreError('failed', `the thread that reads ${dir} ended: ${reason}. Ask again`)
      for (const { reject } of waiting.values()) reject(failed)
      waiting.clear()
    }
    started.on('error', (error) => end(String(error)))
    started.on('exit', (code) => end(`exit code ${code}`))
    return started
  }

  const ask = <Result>(request: Asked): Promise<{ id: number; result: Result }> => {
    if (isClosed) return Promise.reject(new StoreError('closed', `the store in ${dir} is closed`))
    if (waiting.size >= maxWaiting)
      return Promise.reject(
        new StoreError('overloaded', `${waiting.size} queries wait; try again a little later`),
      )
    worker ??= start()
    const id = nextId++
    const to = worker
    return new Promise((resolve, reject) => {
      to.postMessage({ ...request, id })
      waiting.set(id, { resolve: (result: Result) => resolve({ id, result }), reject } as never)
    })
  }

  /** What every request carries, and the way to cut it short. */
  const bounded = ({ limits, signal }: QueryOptions = {}) => {
    const cancelled = new Int32Array(new SharedArrayBuffer(4))
    if (signal?.aborted) throw new QueryError('cancelled', 'whoever asked went away')
    signal?.addEventListener('abort', () => Atomics.store(cancelled, 0, 1), { once: true })
    return { limits: { ...defaultQueryLimits, ...limits }, cancelled }
  }

  const run = async (steps: StepsQuery, queryOptions?: QueryOptions) => {
    const limits = bounded(queryOptions)
    await writeNewSeries().catch(() => {})
    const { id, result } = await ask<{ fromMs: number; toMs: number; seriesIds: Uint32Array }>({
      name: 'prepare',
      steps,
      ...limits,
    })
    try {
      // Before the database is read: what moves there in between is then seen twice, and told apart by its time.
      const pending = await pendingSamples(result.seriesIds, result.fromMs, result.toMs)
      const answered = await ask<{ lines: BucketLine[]; source: QuerySource }>({
        name: 'answer',
        query: id,
        pending,
      })
      return answered.result
    } catch (error) {
      void ask({ name: 'drop', query: id }).catch(() => {})
      throw error
    }
  }

  const find = async <Result>(
    request: Pick<Extract<QueryRequest, { name: 'find' }>, 'matchers' | 'wanted' | 'limit'>,
    queryOptions?: QueryOptions,
  ): Promise<Result> => {
    const limits = bounded(queryOptions)
    await writeNewSeries().catch(() => {})
    return (await ask<Result>({ name: 'find', ...request, ...limits })).result
  }

  return {
    findSeries: (matchers, limit, queryOptions) => find({ matchers, wanted: 'series', limit }, queryOptions),
    labelNames: (matchers, queryOptions) =>
      find({ matchers, wanted: 'names', limit: Number.POSITIVE_INFINITY }, queryOptions),
    labelValues: (label, matchers, limit, queryOptions) =>
      find({ matchers, wanted: { label }, limit }, queryOptions),
    async aggregate(query, queryOptions): Promise<BucketAnswer> {
      const { lines, source } = await run(query, queryOptions)
      return {
        fromMs: Math.floor(query.fromMs / query.stepMs) * query.stepMs,
        stepMs: query.stepMs,
        source,
        lines,
      }
    },
    async top({ count, ...query }, queryOptions) {
      const { lines, source } = await run(
        { ...query, stepMs: query.toMs - query.fromMs, isTop: true },
        queryOptions,
      )
      const largest = lines
        .map(({ labels, series, values }) => ({ labels, series, value: values[0]! }))
        .filter(({ value }) => !Number.isNaN(value))
        .sort((a, b) => b.value - a.value)
      return { source, lines: largest.slice(0, count) }
    },
    async close() {
      isClosed = true
      if (worker === null) return
      const ending = worker
      const exited = new Promise((resolve) => ending.once('exit', resolve))
      ending.ref()
      ending.postMessage('close')
      await exited
    },
  }
}
