import type { NewEvent } from '@perfmon/protocol'
import { StoreError } from './store.ts'

/** Whether the disk takes what is written, by what became of the last batch. */
export interface DiskState {
  readonly readOnlySinceMs: number | null
  failed(error: unknown): void
  /** What to write down when this ended a time in which the disk refused; nothing otherwise. */
  succeeded(): NewEvent[]
}

export interface DiskStateOptions {
  readonly nowMs: () => number
  readonly warn: (message: string, details: Record<string, unknown>) => void
}

export const createDiskState = ({ nowMs, warn }: DiskStateOptions): DiskState => {
  let sinceMs: number | null = null
  let reason = ''
  let refusedBatches = 0
  return {
    get readOnlySinceMs() {
      return sinceMs
    },
    failed(error) {
      if (!(error instanceof StoreError) || (error.code !== 'disk-full' && error.code !== 'unwritable'))
        return
      refusedBatches += 1
      if (sinceMs !== null) return
      sinceMs = nowMs()
      reason = error.message
      warn(`nothing more can be stored, what is stored can be read: ${reason}`, { code: error.code })
    },
    succeeded() {
      if (sinceMs === null) return []
      const events: NewEvent[] = [
        { type: 'store-read-only', timeMs: sinceMs, reason },
        { type: 'store-writable', timeMs: nowMs(), refusedBatches },
      ]
      warn(`the disk takes writes again; ${refusedBatches} batches were refused`, { refusedBatches })
      sinceMs = null
      refusedBatches = 0
      return events
    },
  }
}
