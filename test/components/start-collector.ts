import { fileURLToPath } from 'node:url'
import { type ComponentProcess, startProcess } from './component-process.ts'
import { freePorts } from './free-ports.ts'
import { until } from './until.ts'

export const collectorConfig = fileURLToPath(new URL('../../otel-collector-config.yaml', import.meta.url))

interface CollectorOptions {
  readonly otelcol: string
  /** Kept between two runs: what the first could not deliver, the second must. */
  readonly queueFolder: string
  readonly aggregatorUrl: string
  readonly remoteWriteUrl: string
  /** The aggregator's, where it has one. */
  readonly token?: string
  /** A second configuration file, merged over ours. */
  readonly overlay?: string
}

export interface RunningCollector extends ComponentProcess {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly otlpUrl: string
  /** `host:port` of the collector's own metrics, for a Prometheus to scrape. */
  readonly metricsAddress: string
  /** Sum of one of the collector's own metrics over its label sets, 0 when it has none yet. */
  ownMetric(name: string, label?: string): Promise<number>
}

/** Starts the real collector with the configuration that we ship, and waits until it is ready. */
export async function startCollector(options: CollectorOptions): Promise<RunningCollector> {
  const [httpPort, grpcPort, healthPort, metricsPort] = await freePorts(4)
  const { token } = options
  const configs = [collectorConfig, ...(options.overlay === undefined ? [] : [options.overlay])]
  const collector = startProcess(
    options.otelcol,
    configs.flatMap((config) => ['--config', config]),
    {
      env: {
        PERFMON_COLLECTOR_HTTP: `127.0.0.1:${httpPort}`,
        PERFMON_COLLECTOR_GRPC: `127.0.0.1:${grpcPort}`,
        PERFMON_COLLECTOR_HEALTH: `127.0.0.1:${healthPort}`,
        PERFMON_COLLECTOR_METRICS_PORT: `${metricsPort}`,
        PERFMON_COLLECTOR_QUEUE_DIR: options.queueFolder,
        PERFMON_AGGREGATOR_URL: options.aggregatorUrl,
        PERFMON_REMOTE_WRITE_URL: options.remoteWriteUrl,
        ...(token !== undefined && { PERFMON_TOKEN: token }),
      },
    },
  )
  await until('the collector is healthy', async () => (await fetch(`http://127.0.0.1:${healthPort}`)).ok, {
    details: collector.output,
  })
  const metricsAddress = `127.0.0.1:${metricsPort}`
  return {
    ...collector,
    otlpUrl: `http://127.0.0.1:${httpPort}`,
    metricsAddress,
    async ownMetric(name, label = '') {
      const lines = (await (await fetch(`http://${metricsAddress}/metrics`)).text()).split('\n')
      return lines
        .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
    },
  }
}
