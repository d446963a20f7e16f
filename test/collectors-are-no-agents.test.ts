import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentsResponse } from '@perfmon/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { gaugeBody, postMetrics } from './otlp-body.ts'
import { type PerfmonProcess, startPerfmon, temporaryFolder } from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let perfmon: PerfmonProcess

beforeAll(async () => {
  folder = await temporaryFolder()
  await writeFile(
    join(folder.path, 'perfmon.yaml'),
    `rules: [rules.yaml]
notify: { console: false }
collectors:
  level: minimal
  system: { interval: 200ms, level: standard }
  swarm: { enabled: false }
`,
  )
  // No machine has so little of its memory in use.
  await writeFile(
    join(folder.path, 'rules.yaml'),
    `rules:
  - alert: HostMemory
    metric: system.memory.utilization
    agent: perfmon.system
    above: { critical: 0.001 }
  - alert: Gone
    absent: { missed_reports: 3, at_least: 1s }
`,
  )
  perfmon = await startPerfmon({ dataDir: folder.path })
})
afterAll(async () => {
  await perfmon?.stop()
  await folder?.remove()
})

test('what the aggregator measures itself is stored and judged, and is on no list of agents', async () => {
  const alert = await eventually('the alert', async () => (await perfmon.alerts('active'))[0])
  expect(alert).toMatchObject({ rule: 'HostMemory', labels: { agent: 'perfmon.system', swarm: 'perfmon' } })
  const [series] = await perfmon.series('perfmon.system', 'system.filesystem.utilization')
  await eventually('samples', async () => (await perfmon.samples(series!.id)).values.length > 2)
  const listed = await eventually('the collectors that are on', async () => {
    const response = await fetch(`${perfmon.dashboard}/api/collectors`)
    const { agents } = (await response.json()) as AgentsResponse
    return agents.length === 4 && agents
  })
  expect(listed.map(({ id }) => id).sort()).toEqual([
    'perfmon.api',
    'perfmon.memory',
    'perfmon.neural',
    'perfmon.system',
  ])
  expect(await perfmon.agents()).toEqual([])
})

test('nobody reports as one of them', async () => {
  const lie = { agentId: 'perfmon.system', name: 'liar', timeMs: Date.now(), metrics: { lie: 1 } }
  const response = await postMetrics(perfmon.otlp, gaugeBody(lie))
  expect(JSON.parse(response.text)).toMatchObject({
    partialSuccess: { rejectedDataPoints: expect.anything() },
  })
  expect(await perfmon.series('perfmon.system', 'lie')).toEqual([])
  expect(await perfmon.agents()).toEqual([])
})
