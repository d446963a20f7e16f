import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { SampleRange } from './store.ts'
import { openEngine, type StoreEngine } from './store-engine.ts'
import { storeErrorFrom } from './store-error-from.ts'
import type { PlainError, StoreRequest, WorkerMessage, WorkerOptions } from './store-requests.ts'

/**
 * The thread that has the disk. While it waits for a sync, requests gather in its port; the next turn of its
 * event loop answers all of them together. That is the whole of group commit.
 */
const port = parentPort!
const options = workerData as WorkerOptions
let nowMs = options.nowMs

const tell = (message: WorkerMessage, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer as ArrayBuffer[])

const plain = (error: unknown): PlainError => {
  const { code, message } = storeErrorFrom(error, options.dir)
  return { code, message }
}

const warn = (message: string, details: Record<string, unknown>): void =>
  tell({ kind: 'warning', message, details })

const buffersOf = (result: unknown): ArrayBuffer[] => {
  if (typeof result !== 'object' || result === null || !('timesMs' in result)) return []
  const { timesMs, values } = result as SampleRange
  return [timesMs.buffer as ArrayBuffer, values.buffer as ArrayBuffer]
}

const serve = (engine: StoreEngine): void => {
  let waiting: StoreRequest[] = []
  let refused = false
  let isClosing = false
  let checkpoints: Promise<unknown> = Promise.resolve()

  /**
   * One after the other. One that fails is tried again by the next: what it should have written is still in
   * the journal.
   */
  const checkpoint = (): Promise<unknown> => {
    const next = checkpoints.then(async () => {
      try {
        await engine.checkpoint(nowMs)
        refused = false
        return undefined
      } catch (error) {
        if (!refused)
          warn(`samples stay in the journal for now: ${plain(error).message}`, { ...plain(error) })
        refused = true
        return error
      }
    })
    checkpoints = next
    return next
  }

  const answerAll = (): void => {
    const requests = waiting
    waiting = []
    engine.answer(requests, ({ id }, { result, error }) => {
      if (error === undefined) tell({ kind: 'answer', id, result }, buffersOf(result))
      else tell({ kind: 'answer', id, error: plain(error) })
    })
    for (const request of requests) {
      if (request.name === 'checkpoint') {
        nowMs = request.args[0]
        void checkpoint().then((error) => answerControl(request.id, error))
      }
      if (request.name === 'close') {
        nowMs = request.args[0]
        void close(request.id)
      }
    }
    if (engine.checkpointDue && !refused && !isClosing) void checkpoint()
  }

  const answerControl = (id: number, error: unknown): void =>
    tell(error === undefined ? { kind: 'answer', id } : { kind: 'answer', id, error: plain(error) })

  /** A checkpoint that fails now is no loss: the next start finds the journal. */
  const close = async (id: number): Promise<void> => {
    isClosing = true
    await checkpoint()
    engine.close()
    answerControl(id, undefined)
    port.close()
  }

  port.on('message', (request: StoreRequest) => {
    if (waiting.push(request) === 1) setImmediate(answerAll)
  })
}

try {
  const engine = await openEngine({ ...options, warn, nextTurn: () => nextTurn() })
  tell({ kind: 'opened', stored: engine.stored })
  serve(engine)
} catch (error) {
  tell({ kind: 'not-opened', error: plain(error) })
  port.close()
}
