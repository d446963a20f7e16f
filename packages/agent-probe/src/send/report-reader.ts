import type { MetricProducer } from '@opentelemetry/sdk-metrics'
import { MetricReader, type PushMetricExporter, type ResourceMetrics } from '@opentelemetry/sdk-metrics'

export type ReportOutcome =
  | { readonly delivered: true }
  | { readonly delivered: false; readonly error: unknown }

/**
 * Collects and exports at an interval. OpenTelemetry's periodic reader does the same, but guards each export
 * with a timer that keeps the process alive, and gives up on exports longer than the interval.
 */
export class ReportReader extends MetricReader {
  readonly #exporter: PushMetricExporter
  readonly #intervalMs: number
  readonly #settled: (report: ResourceMetrics, outcome: ReportOutcome) => void
  #timer: NodeJS.Timeout | undefined
  #busy = false

  constructor(options: {
    exporter: PushMetricExporter
    producer: MetricProducer
    intervalMs: number
    settled: (report: ResourceMetrics, outcome: ReportOutcome) => void
  }) {
    super({ metricProducers: [options.producer] })
    this.#exporter = options.exporter
    this.#intervalMs = options.intervalMs
    this.#settled = options.settled
  }

  override onInitialized(): void {
    this.#timer = setInterval(() => void this.#report(), this.#intervalMs)
    this.#timer.unref()
  }

  /** A report that is still under way is waited for: the next one holds its totals anyway. */
  async #report(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      const { resourceMetrics } = await this.collect()
      this.#exporter.export(resourceMetrics, ({ code, error }) => {
        this.#busy = false
        this.#settled(resourceMetrics, code === 0 ? { delivered: true } : { delivered: false, error })
      })
    } catch {
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
