import { probeApi } from './probe-api.ts'

export interface QueueOptions {
  /** Asked before each report: how many tasks wait. */
  readonly size: () => number
  /** How many can wait. */
  readonly limit?: number
}

export interface QueueHandle {
  /** How long a task waited. Not needed where `task()` is told `queuedAtMs`. */
  waited(seconds: number): void
  /** The queue is gone: its depth is no longer told. */
  close(): void
}

const unwatched: QueueHandle = { waited() {}, close() {} }

/**
 * A queue of the agent's own: its depth and how long tasks wait. BullMQ is measured without this.
 *
 * @example queue('crawl', { size: () => pending.length })
 */
export const queue = (name: string, options: QueueOptions): QueueHandle =>
  probeApi()?.queue?.(name, options) ?? unwatched
