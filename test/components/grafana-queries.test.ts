import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { absentReceiver } from './absent-receiver.ts'
import { type Component, need, tell } from './component.ts'
import { dashboardQueries } from './dashboard-queries.ts'
import { type CollectorBinaries, obtainCollector } from './obtain-collector.ts'
import { obtainPrometheus, type PrometheusBinaries } from './obtain-prometheus.ts'
import { runToEnd } from './run-to-end.ts'
import { startAgent } from './start-agent.ts'
import { startCollector } from './start-collector.ts'
import { startPrometheus } from './start-prometheus.ts'
import { stoppedAtEnd } from './stopped-at-end.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const dashboard = new URL('../../grafana/dashboards/perfmon-swarm-overview.json', import.meta.url)
const rulesFile = new URL('../../grafana/prometheus-rules.yaml', import.meta.url)
const composeConfig = fileURLToPath(new URL('../../deploy/prometheus.yml', import.meta.url))
const ruleTests = new URL('prometheus-rules-cases.yaml', import.meta.url)

describe('Grafana and Prometheus files', () => {
  let collector: Component<CollectorBinaries>
  let prometheus: Component<PrometheusBinaries>
  beforeAll(async () => {
    prometheus = await obtainPrometheus()
    collector = await obtainCollector()
  })

  test('every query finds series of real agents behind the real collector', async ({ skip }) => {
    const { otelcol } = need(collector, skip)
    const folder = await temporaryFolder()
    const store = await stoppedAtEnd(
      startPrometheus({
        prometheus: need(prometheus, skip).prometheus,
        folder: join(folder, 'prometheus'),
        // The annotation query needs a firing alert; how long rules hold is tested with promtool, below.
        rules: (await readFile(rulesFile, 'utf8')).replaceAll('for: 1m', 'for: 1s'),
      }),
    )
    const running = await stoppedAtEnd(
      startCollector({
        otelcol,
        queueFolder: join(folder, 'queue'),
        aggregatorUrl: await absentReceiver(),
        remoteWriteUrl: store.remoteWriteUrl,
      }),
    )
    await store.scrape(running.metricsAddress)
    for (const name of ['planner', 'coder']) {
      const env = { PERFMON_LEVEL: 'detailed' }
      await stoppedAtEnd(
        startAgent({ program: 'steady-worker', otlpUrl: running.otlpUrl, name, swarm: 'grafana', env }),
      )
    }

    const queries = await dashboardQueries(dashboard, {
      swarm: 'grafana',
      agent: 'planner|coder',
      __rate_interval: '1m',
    })
    let empty: string[] = []
    const findAll = async () => {
      empty = []
      for (const { from, promql } of queries) {
        // NaN is what 0 / 0 leaves: a series, but nothing to see.
        const found = (await store.query(promql)).filter(({ value }) => value[1] !== 'NaN')
        if (found.length === 0) empty.push(`${from}: ${promql}`)
      }
      return empty.length === 0
    }
    // Rates want two reports, garbage collection its first collection, the alert its second of holding.
    const details = () => `Without a series: ${empty.join('\n')}`
    await until('every query finds a series', findAll, { everyMs: 500, timeoutMs: 60_000, details })
    expect(queries.length).toBeGreaterThan(25)
    tell(`${queries.length} Grafana queries, each with series from a real Prometheus`)
  })

  test('a misspelt metric would have been found', async ({ skip }) => {
    const folder = await temporaryFolder()
    const store = await stoppedAtEnd(
      startPrometheus({ prometheus: need(prometheus, skip).prometheus, folder }),
    )
    expect(await store.query('process_cpu_tyme_seconds_total')).toEqual([])
  })

  test('the rules fire when they should and not before', async ({ skip }) => {
    const { promtool } = need(prometheus, skip)
    const folder = await temporaryFolder()
    // promtool looks for rule files beside the test file.
    await writeFile(join(folder, 'prometheus-rules.yaml'), await readFile(rulesFile))
    await writeFile(join(folder, 'cases.yaml'), await readFile(ruleTests))
    const check = await runToEnd(promtool, ['check', 'rules', 'prometheus-rules.yaml'], { cwd: folder })
    expect(check).toMatchObject({ exitCode: 0 })
    const cases = await runToEnd(promtool, ['test', 'rules', 'cases.yaml'], { cwd: folder })
    expect(cases.output).toContain('SUCCESS')
    expect(cases.exitCode).toBe(0)
  })

  test("the compose file's Prometheus configuration is one", async ({ skip }) => {
    const { promtool } = need(prometheus, skip)
    // Without looking for the files that it names: they exist in the container only.
    const checked = await runToEnd(promtool, ['check', 'config', '--syntax-only', composeConfig])
    expect(checked).toMatchObject({ exitCode: 0 })
  })
})
