import { parentPort, workerData } from 'node:worker_threads'
import { QueryError } from '@perfmon/core/query'
import { storeErrorFrom } from '../store-error-from.ts'
import { createQueryBudget, type QueryBudget } from './query-budget.ts'
import { openQueryEngine, type PreparedQuery } from './query-engine.ts'
import type { QueryAnswer, QueryRequest, QueryWorkerOptions } from './query-requests.ts'

/** The thread that reads for queries: however long one takes, whoever writes does not notice. */
const port = parentPort!
const { dir } = workerData as QueryWorkerOptions
const engine = openQueryEngine(dir)
/** Chosen, and waiting for what is not in the database yet. */
const prepared = new Map<number, PreparedQuery>()

const answer = (request: QueryRequest): unknown => {
  if (request.name === 'drop') return void prepared.delete(request.query)
  if (request.name === 'answer') {
    const query = prepared.get(request.query)!
    prepared.delete(request.query)
    return query.answer(request.pending)
  }
  const budget = createQueryBudget(request.limits, request.cancelled, () => performance.now())
  if (request.name === 'prepare') {
    const query = engine.prepare(request.steps, budget)
    prepared.set(request.id, query)
    const { fromMs, toMs, seriesIds } = query
    return { fromMs, toMs, seriesIds }
  }
  return find(request, budget)
}

const find = (request: Extract<QueryRequest, { name: 'find' }>, budget: QueryBudget): unknown => {
  const { matchers, wanted, limit } = request
  const found = engine.find(matchers, budget)
  if (wanted === 'series')
    return { series: found.slice(0, limit).map(({ series }) => series), total: found.length }
  const texts =
    wanted === 'names'
      ? found.flatMap(({ labels }) => Object.keys(labels))
      : found.flatMap(({ labels }) => labels[wanted.label] ?? [])
  return [...new Set(texts)].sort().slice(0, limit)
}

port.on('message', (request: QueryRequest | 'close') => {
  if (request === 'close') {
    engine.close()
    port.close()
    return
  }
  const { id } = request
  try {
    port.postMessage({ id, result: answer(request) } satisfies QueryAnswer)
  } catch (error) {
    const isQuery = error instanceof QueryError
    const { code, message } = isQuery ? error : storeErrorFrom(error, dir)
    port.postMessage({
      id,
      error: { kind: isQuery ? 'query' : 'store', code, message },
    } satisfies QueryAnswer)
  }
})
