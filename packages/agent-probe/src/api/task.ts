import { probeApi } from './probe-api.ts'

export interface TaskOptions {
  /** When the task was put into a queue, in milliseconds since 1970: its wait is measured until now. */
  readonly queuedAtMs?: number
  /** Name of that queue. */
  readonly queue?: string
  /**
   * What the task is about: a task of the same name and key within ten minutes is counted as done twice. Up to 200
   * characters; it stays in the process.
   */
  readonly key?: string
}

/** A task that was started. Only its first end counts. */
export interface RunningTask {
  complete(): void
  /** `error.type` is its `code`, else its `name`. Its message is not sent. */
  fail(error?: unknown): void
}

export type Work<Result> = (task: RunningTask) => Result

export interface TaskVerb {
  /**
   * Does a piece of work and measures it: its duration, whether it failed (it threw, or its promise was
   * rejected), how many are in progress, and which messages it sent.
   *
   * @param name what kind of work it is; few different names, no ids
   * @returns what `work` returns; what it throws is thrown
   * @example const answer = await task('summarize', { queuedAtMs: job.arrivedAtMs }, () => summarize(job))
   */
  <Result>(name: string, work: Work<Result>): Result
  <Result>(name: string, options: TaskOptions, work: Work<Result>): Result
  /**
   * Starts a task whose end is told with `complete()` or `fail(error)`.
   * @example const running = task.start('crawl'); crawler.on('end', () => running.complete())
   */
  start(name: string, options?: TaskOptions): RunningTask
}

const unwatched: RunningTask = { complete() {}, fail() {} }

function perform<Result>(name: string, given: TaskOptions | Work<Result>, last?: Work<Result>): Result {
  const work = (typeof given === 'function' ? given : last) as Work<Result>
  const options = typeof given === 'function' ? {} : given
  const started = probeApi()?.startTask?.(name, options)
  return started === undefined ? work(unwatched) : started.run(work)
}

export const task: TaskVerb = Object.assign(perform as TaskVerb, {
  start: (name: string, options: TaskOptions = {}): RunningTask =>
    probeApi()?.startTask?.(name, options) ?? unwatched,
})
