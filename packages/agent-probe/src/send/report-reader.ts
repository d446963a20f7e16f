import { ExportResultCode } from '@opentelemetry/core'
import {
  type CollectionResult,
  MetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import type { ProbeAccount } from '../collect/probe-account.ts'
import type { watchActivity } from './watch-activity.ts'

export interface ReportReaderOptions {
  readonly exporter: PushMetricExporter
  readonly account: ProbeAccount
  /** What the probe measured: handed to the SDK beside what its own instruments hold. */
  readonly collect: () => CollectionResult
  readonly intervalMs: number
  /** Longest time without a report while the agent is quiet. */
  readonly idleIntervalMs: number
  readonly activity: ReturnType<typeof watchActivity>
  readonly now: () => number
  readonly settled: (report: ResourceMetrics, error: Error | undefined) => void
}

/**
 * Collects and exports at an interval. OpenTelemetry's periodic reader does the same, but guards each export
 * with a timer that keeps the process alive, and cuts exports off that take longer than the interval.
 */
export class ReportReader extends MetricReader {
  readonly #options: ReportReaderOptions
  #timer: NodeJS.Timeout | undefined
  #busy = false
  #quietTicks = 0

  constructor(options: ReportReaderOptions) {
    super({ metricProducers: [{ collect: async () => options.collect() }] })
    this.#options = options
  }

  protected override onInitialized(): void {
    this.#timer = setInterval(() => this.#tick(), this.#options.intervalMs)
    this.#timer.unref()
  }

  /** A report costs about 2 ms of CPU: one that says nothing new but the time is left out. */
  #tick(): void {
    // While a report is under way the next one waits: it will hold the same totals and more.
    if (this.#busy) return
    const { activity, intervalMs, idleIntervalMs, now } = this.#options
    this.#quietTicks++
    if (activity.isQuiet(now()) && (this.#quietTicks + 1) * intervalMs <= idleIntervalMs) return
    this.#quietTicks = 0
    activity.reported(now())
    void this.#report()
  }

  async #report(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      const { resourceMetrics } = await this.collect()
      const { exporter, account, settled } = this.#options
      account.charge(() =>
        exporter.export(resourceMetrics, ({ code, error }) => {
          this.#busy = false
          const failure =
            code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('no reason given'))
          settled(resourceMetrics, failure)
        }),
      )
    } catch {
      // A failing export must not become an unhandled rejection of the agent's.
      this.#busy = false
    }
  }

  protected override async onForceFlush(): Promise<void> {
    await this.#report()
  }

  protected override async onShutdown(): Promise<void> {
    clearInterval(this.#timer)
  }
}
