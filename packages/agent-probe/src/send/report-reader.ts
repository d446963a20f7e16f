import { ExportResultCode } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import {
  type CollectionResult,
  MetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import type { ProbeAccount } from '../collect/probe-account.ts'
import type { watchActivity } from './watch-activity.ts'

/** Time between two reports, in milliseconds. */
export interface Pace {
  readonly intervalMs: number
  /** Longest time without a report while the agent is quiet: the promise by which lateness is judged. */
  readonly idleIntervalMs: number
}

/** After so many lost reports the aggregator takes the agent for silent already (its default patience). */
const missedReports = 3

export interface ReportReaderOptions {
  readonly exporter: PushMetricExporter
  readonly account: ProbeAccount
  /** What the probe measured: handed to the SDK beside what its own instruments hold. */
  readonly collect: () => CollectionResult
  readonly resource: () => Resource
  readonly pace: Pace
  /** Called at each interval, report or not, before it is decided. */
  readonly look: () => void
  readonly activity: ReturnType<typeof watchActivity>
  readonly now: () => number
  readonly settled: (report: ResourceMetrics, error: Error | undefined) => void
  /** There was no report to send: something it is made of threw. */
  readonly unmade: (error: Error) => void
}

/**
 * Collects and exports at an interval. OpenTelemetry's periodic reader does the same, but guards each export
 * with a timer that keeps the process alive, and cuts exports off that take longer than the interval.
 */
export class ReportReader extends MetricReader {
  readonly #options: ReportReaderOptions
  #timer: NodeJS.Timeout | undefined
  #busy = false
  /** In force. */
  #pace: Pace
  /** Wanted, and already announced by the resource of the next report. */
  #nextPace: Pace
  #quietTicks = 0
  #failures = 0

  constructor(options: ReportReaderOptions) {
    super({ metricProducers: [{ collect: async () => options.collect() }] })
    this.#options = options
    this.#pace = options.pace
    this.#nextPace = options.pace
  }

  protected override onInitialized(): void {
    this.#restartTimer()
  }

  /** What the resource has to announce: never less than what is in force or will be. */
  announcedMs(): number {
    return Math.max(this.#pace.idleIntervalMs, this.#nextPace.idleIntervalMs)
  }

  pace(): Pace {
    return this.#pace
  }

  /**
   * Reports faster at once; slower only after a report that announces it has arrived: a receiver that was not told
   * would take the silence for a loss. One that gets nothing anyway need not be told.
   */
  setPace(pace: Pace): void {
    this.#nextPace = pace
    if (pace.intervalMs <= this.#pace.intervalMs && pace.idleIntervalMs <= this.#pace.idleIntervalMs)
      this.#adoptPace(pace)
  }

  #adoptPace(pace: Pace): void {
    const timerStays = pace.intervalMs === this.#pace.intervalMs
    this.#pace = pace
    if (!timerStays) this.#restartTimer()
  }

  #restartTimer(): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#tick(), this.#pace.intervalMs)
    this.#timer.unref()
  }

  #tick(): void {
    try {
      this.#reportWhenDue()
    } catch (error) {
      // A timer's error would end the agent.
      this.#options.unmade(error as Error)
    }
  }

  /** A report costs about 2 ms of CPU: one that says nothing new but the time is left out. */
  #reportWhenDue(): void {
    // While a report is under way the next one waits: it will hold the same totals and more.
    if (this.#busy) return
    const { activity, look, now } = this.#options
    look()
    const { intervalMs, idleIntervalMs } = this.#pace
    this.#quietTicks++
    const isEarly = (this.#quietTicks + 1) * intervalMs <= idleIntervalMs
    if (isEarly && this.#nextPace === this.#pace && activity.isQuiet(now())) return
    this.#quietTicks = 0
    activity.reported(now())
    void this.#report()
  }

  async #report(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      const { exporter, account, settled, resource } = this.#options
      const { scopeMetrics } = (await this.collect()).resourceMetrics
      // Ours, as the SDK's is fixed: what it announces may change.
      const resourceMetrics: ResourceMetrics = { resource: resource(), scopeMetrics }
      const announced = this.#nextPace
      account.charge(() =>
        exporter.export(resourceMetrics, ({ code, error }) => {
          this.#busy = false
          const failure =
            code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('no reason given'))
          this.#failures = failure === undefined ? 0 : this.#failures + 1
          const isKnown = this.#failures === 0 || this.#failures >= missedReports
          if (isKnown && announced === this.#nextPace && announced !== this.#pace) this.#adoptPace(announced)
          settled(resourceMetrics, failure)
        }),
      )
    } catch (error) {
      // Must not become an unhandled rejection of the agent's, and must not be the end of all reports in silence.
      this.#busy = false
      this.#options.unmade(error as Error)
    }
  }

  protected override async onForceFlush(): Promise<void> {
    await this.#report()
  }

  protected override async onShutdown(): Promise<void> {
    clearInterval(this.#timer)
  }
}
