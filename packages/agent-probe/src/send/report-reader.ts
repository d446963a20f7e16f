import { ExportResultCode } from '@opentelemetry/core'
import {
  type CollectionResult,
  MetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import type { ProbeAccount } from '../collect/probe-account.ts'

export interface ReportReaderOptions {
  readonly exporter: PushMetricExporter
  readonly account: ProbeAccount
  /** What the probe measured: handed to the SDK beside what its own instruments hold. */
  readonly collect: () => CollectionResult
  readonly intervalMs: number
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

  constructor(options: ReportReaderOptions) {
    super({ metricProducers: [{ collect: async () => options.collect() }] })
    this.#options = options
  }

  protected override onInitialized(): void {
    this.#timer = setInterval(() => void this.#report(), this.#options.intervalMs)
    this.#timer.unref()
  }

  /** While a report is under way the next one waits: it will hold the same totals and more. */
  async #report(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      const { resourceMetrics } = await this.collect()
      this.#options.exporter.export(resourceMetrics, ({ code, error }) => {
        this.#busy = false
        const failure =
          code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('no reason given'))
        this.#options.settled(resourceMetrics, failure)
      })
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
