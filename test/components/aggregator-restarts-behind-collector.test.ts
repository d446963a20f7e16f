import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Component, need, tell } from './component.ts'
import { freePort } from './free-port.ts'
import { type CollectorBinaries, obtainCollector } from './obtain-collector.ts'
import { otlpGauge, postOtlp } from './otlp-gauge.ts'
import { type RunningAggregator, startAggregator } from './start-aggregator.ts'
import { startCollector } from './start-collector.ts'
import { stoppedAtEnd } from './stopped-at-end.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const agentId = 'point-sender-1'
const metric = 'components.point'

let collector: Component<CollectorBinaries>
beforeAll(async () => {
  collector = await obtainCollector()
})

test('what the collector took reaches the aggregator, though both are killed on the way', async ({
  skip,
}) => {
  const { otelcol } = need(collector, skip)
  const folder = await temporaryFolder()
  const dataFolder = join(folder, 'data')
  const remoteWriteUrl = `http://127.0.0.1:${await freePort()}/api/v1/write`
  const first = await stoppedAtEnd(startAggregator({ dataFolder }))
  const collectorAt = () =>
    stoppedAtEnd(
      startCollector({
        otelcol,
        queueFolder: join(folder, 'queue'),
        aggregatorUrl: first.otlpUrl,
        remoteWriteUrl,
      }),
    )

  let running = await collectorAt()
  const sender = sendPoints(() => running.otlpUrl)
  await sender.acknowledges(50)
  await first.stop('SIGKILL')
  await sender.acknowledges(50)

  const queued = 'otelcol_exporter_queue_size'
  await until('points wait', async () => (await running.ownMetric(queued, 'aggregator')) > 0)
  await running.stop('SIGKILL')
  running = await collectorAt()
  await sender.acknowledges(50)

  const second = await stoppedAtEnd(startAggregator({ dataFolder, otlpPort: first.otlpPort }))
  await sender.acknowledges(50)
  const acknowledged = await sender.stop()

  await until(
    'the aggregator has every acknowledged point',
    async () => {
      const stored = await storedPoints(second)
      return acknowledged.every(({ timeMs, value }) => stored.get(timeMs) === value)
    },
    { details: () => second.output() + running.output().slice(-2000) },
  )
  expect(acknowledged.length).toBeGreaterThanOrEqual(200)
  tell(`${acknowledged.length} acknowledged points, all stored after two kills`)
})

/** Sends one point after the other, each at a time and of a value of its own. */
function sendPoints(otlpUrl: () => string) {
  const acknowledged: { timeMs: number; value: number }[] = []
  let stopping = false
  let lastMs = 0
  const sending = (async () => {
    for (let value = 0; !stopping; value += 1) {
      const timeMs = Math.max(Date.now(), lastMs + 1)
      lastMs = timeMs
      const taken = await postOtlp(otlpUrl(), otlpGauge(agentId, metric, [{ timeMs, value }]))
      if (taken) acknowledged.push({ timeMs, value })
      else await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  return {
    acknowledges(more: number) {
      const wanted = acknowledged.length + more
      return until(`${more} more points are taken`, () => acknowledged.length >= wanted)
    },
    async stop() {
      stopping = true
      await sending
      return acknowledged
    },
  }
}

async function storedPoints(aggregator: RunningAggregator): Promise<ReadonlyMap<number, number>> {
  const series = (await aggregator.seriesOf(agentId)).find((one) => one.metric === metric)
  if (series === undefined) return new Map()
  const { timesMs, values } = await aggregator.samplesOf(series.id)
  return new Map(timesMs.map((timeMs, position) => [timeMs, values[position] ?? Number.NaN]))
}
