import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import type { Series } from '../../packages/protocol/src/index.ts'
import { metricNames, vitalMetrics } from '../../packages/protocol/src/names.ts'
import { absentReceiver } from './absent-receiver.ts'
import { type Component, need, tell } from './component.ts'
import { type CollectorBinaries, obtainCollector } from './obtain-collector.ts'
import { startAgent } from './start-agent.ts'
import { type RunningAggregator, startAggregator } from './start-aggregator.ts'
import { startCollector } from './start-collector.ts'
import { stoppedAtEnd } from './stopped-at-end.ts'
import { teeReceiver } from './tee-receiver.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const swarm = 'through-collector'
const names = ['planner', 'coder', 'reviewer']
const derived: ReadonlySet<string> = new Set(Object.values(vitalMetrics))

let collector: Component<CollectorBinaries>
beforeAll(async () => {
  collector = await obtainCollector()
})

test('an aggregator behind a collector knows what an aggregator without one knows', async ({ skip }) => {
  const { otelcol } = need(collector, skip)
  const folder = await temporaryFolder()
  const direct = await stoppedAtEnd(startAggregator({ dataFolder: join(folder, 'direct') }))
  const behind = await stoppedAtEnd(startAggregator({ dataFolder: join(folder, 'behind') }))
  const running = await stoppedAtEnd(
    startCollector({
      otelcol,
      queueFolder: join(folder, 'queue'),
      aggregatorUrl: behind.otlpUrl,
      remoteWriteUrl: `${await absentReceiver()}/api/v1/write`,
    }),
  )
  const tee = await teeReceiver([direct.otlpUrl, running.otlpUrl])
  for (const name of names) {
    const agent = startAgent({ program: 'twenty-requests', otlpUrl: tee.otlpUrl, name, swarm })
    await until('the agent ended', () => agent.exitCode() !== null, { details: agent.output })
    expect(agent.exitCode()).toBe(0)
  }
  await tee.delivered()
  let knownDirect = await whatIsKnown(direct)
  let knownBehind = await whatIsKnown(behind)
  await until(
    'the collector delivered all',
    async () => {
      knownDirect = await whatIsKnown(direct)
      knownBehind = await whatIsKnown(behind)
      return isDeepStrictEqual(knownBehind, knownDirect)
    },
    { everyMs: 500 },
  ).catch(() => expect(knownBehind).toEqual(knownDirect))
  expect(knownBehind.agents.map(({ name }) => name).sort()).toEqual(names.toSorted())
  const series = Object.keys(knownBehind.samples).length
  expect(series).toBeGreaterThan(200)
  tell(`${series} series, ${knownBehind.points} samples: the same with and without a collector`)

  for (const aggregator of [direct, behind]) {
    for (const metric of [metricNames.httpServerDuration, metricNames.httpClientDuration]) {
      expect(await requestsByAgent(aggregator, metric)).toEqual([20, 20, 20])
    }
  }
})

async function ourAgents(aggregator: RunningAggregator) {
  const agents = await aggregator.agents()
  return agents.filter((agent) => agent.swarm === swarm).sort((a, b) => a.id.localeCompare(b.id))
}

/**
 * Agents and samples without what differs by nature: series numbers, the moment of arrival, and the values of
 * the vital signs, which are derived per delivery, and a collector may deliver two reports at once.
 */
async function whatIsKnown(aggregator: RunningAggregator) {
  const agents = await ourAgents(aggregator)
  const samples: Record<string, unknown> = {}
  let points = 0
  for (const agent of agents) {
    const series = await aggregator.seriesOf(agent.id)
    for (const one of series.toSorted((a, b) => identity(a).localeCompare(identity(b)))) {
      const { timesMs, values } = await aggregator.samplesOf(one.id)
      const isDerived = derived.has(one.metric)
      samples[identity(one)] = isDerived ? 'derived' : { timesMs, values }
      if (!isDerived) points += timesMs.length
    }
  }
  return {
    agents: agents.map(({ id, name, source, status, reportIntervalMs, attributes }) => ({
      ...{ id, name, source, status, reportIntervalMs, attributes },
    })),
    samples,
    points,
  }
}

function identity({ agentId, metric, unit, kind, part, attributes }: Series): string {
  const sorted = Object.entries(attributes).sort(([a], [b]) => a.localeCompare(b))
  return JSON.stringify([agentId, metric, unit, kind, part, sorted])
}

/** Last value of a duration's `count` series, summed over its attribute sets: one number per agent. */
async function requestsByAgent(aggregator: RunningAggregator, metric: string): Promise<number[]> {
  const counts: number[] = []
  for (const agent of await ourAgents(aggregator)) {
    const series = await aggregator.seriesOf(agent.id)
    const ours = series.filter((one) => one.metric === metric && one.part === 'count')
    const samples = await Promise.all(ours.map(({ id }) => aggregator.samplesOf(id)))
    counts.push(samples.reduce((sum, { values }) => sum + (values.at(-1) ?? 0), 0))
  }
  return counts
}
