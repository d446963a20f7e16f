import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ComponentProcess, startProcess } from './component-process.ts'
import { freePorts } from './free-ports.ts'
import { until } from './until.ts'

interface PrometheusOptions {
  readonly prometheus: string
  /** An empty folder for its configuration and its storage. */
  readonly folder: string
  /** Text of a rule file to evaluate every second. */
  readonly rules?: string
}

export interface RunningPrometheus extends ComponentProcess {
  readonly url: string
  readonly remoteWriteUrl: string
  /** Adds a target to scrape: the collector's own metrics, known only once the collector runs. */
  scrape(address: string): Promise<void>
  /** An instant query: one entry per series. Rejects with Prometheus's own words when it refuses the query. */
  query(promql: string): Promise<QueryResult[]>
}

interface QueryResult {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [timeSeconds: number, value: string]
}

/** Starts a real Prometheus that takes remote writes, on a port and a storage of its own. */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  await mkdir(options.folder, { recursive: true })
  const configFile = join(options.folder, 'prometheus.yml')
  const targetsFile = join(options.folder, 'targets.json')
  const rulesFile = join(options.folder, 'rules.yaml')
  await writeFile(targetsFile, '[]')
  await writeFile(rulesFile, options.rules ?? 'groups: []')
  await writeFile(
    configFile,
    `global: { evaluation_interval: 1s }
rule_files: [${JSON.stringify(rulesFile)}]
scrape_configs:
  - job_name: otel-collector
    scrape_interval: 1s
    file_sd_configs:
      - files: [${JSON.stringify(targetsFile)}]
        refresh_interval: 1s
`,
  )
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const prometheus = startProcess(options.prometheus, [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${join(options.folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--log.level=warn',
  ])
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok, {
    details: prometheus.output,
  })
  return {
    ...prometheus,
    url,
    remoteWriteUrl: `${url}/api/v1/write`,
    async scrape(address) {
      // Renamed into place: Prometheus watches the file and would read it half written.
      await writeFile(`${targetsFile}.new`, JSON.stringify([{ targets: [address] }]))
      await rename(`${targetsFile}.new`, targetsFile)
    },
    async query(promql) {
      const answer = await fetch(`${url}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: promql }),
      })
      const body = (await answer.json()) as { error?: string; data?: { result: QueryResult[] } }
      if (body.data === undefined) throw new Error(`Prometheus refuses ${promql}: ${body.error}`)
      return body.data.result
    },
  }
}
