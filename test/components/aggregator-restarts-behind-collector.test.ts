import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { absentReceiver } from './absent-receiver.ts'
import { type Component, need, tell } from './component.ts'
import { type CollectorBinaries, obtainCollector } from './obtain-collector.ts'
import { otlpGauge, postOtlp } from './otlp-gauge.ts'
import { type RunningAggregator, startAggregator } from './start-aggregator.ts'
import { startCollector } from './start-collector.ts'
import { stoppedAtEnd } from './stopped-at-end.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const agentId = 'point-sender-1'
const metric = 'components.point'
const queued = 'otelcol_exporter_queue_size'

interface Sent {
  readonly timeMs: number
  readonly value: number
}

let collector: Component<CollectorBinaries>
beforeAll(async () => {
  collector = await obtainCollector()
})

test('an aggregator that is killed and comes back misses nothing that the collector took', async ({
  skip,
}) => {
  const { otelcol } = need(collector, skip)
  const { aggregatorAt, collectorBefore } = await parts(otelcol)
  const first = await aggregatorAt(0)
  const running = await collectorBefore(first)
  const sender = sendPoints({ otlpUrl: () => running.otlpUrl, ownSeriesEach: false })
  await sender.acknowledges(50)
  await first.stop('SIGKILL')
  await sender.acknowledges(100)
  await until('points wait', async () => (await running.ownMetric(queued, 'aggregator')) > 0)
  const second = await aggregatorAt(first.otlpPort)
  await sender.acknowledges(50)
  await everyPointIsStored(await sender.stop(), () => storedPoints(second))
})

/**
 * After its own crash the collector sends what was under way last, behind newer points, and a series takes no
 * point older than its newest. So here every point is a series of its own: what is asked is delivery.
 */
test('a collector that is killed too delivers what it took before', async ({ skip }) => {
  const { otelcol } = need(collector, skip)
  const { aggregatorAt, collectorBefore } = await parts(otelcol)
  const first = await aggregatorAt(0)
  let running = await collectorBefore(first)
  const sender = sendPoints({ otlpUrl: () => running.otlpUrl, ownSeriesEach: true })
  await sender.acknowledges(50)
  await first.stop('SIGKILL')
  await sender.acknowledges(50)
  await until('points wait', async () => (await running.ownMetric(queued, 'aggregator')) > 0)
  await running.stop('SIGKILL')
  running = await collectorBefore(first)
  await sender.acknowledges(50)
  const second = await aggregatorAt(first.otlpPort)
  await sender.acknowledges(50)
  await everyPointIsStored(await sender.stop(), () => storedPoints(second))
})

/** An aggregator and a collector that keep their folders when they are started again. */
async function parts(otelcol: string) {
  const folder = await temporaryFolder()
  const remoteWriteUrl = `${await absentReceiver()}/api/v1/write`
  return {
    aggregatorAt: (otlpPort: number) =>
      stoppedAtEnd(startAggregator({ dataFolder: join(folder, 'data'), otlpPort })),
    collectorBefore: ({ otlpUrl }: RunningAggregator) =>
      stoppedAtEnd(
        startCollector({
          otelcol,
          queueFolder: join(folder, 'queue'),
          aggregatorUrl: otlpUrl,
          remoteWriteUrl,
        }),
      ),
  }
}

/** Sends one point after the other, each at a time and of a value of its own, until it is stopped. */
function sendPoints({ otlpUrl, ownSeriesEach }: { otlpUrl: () => string; ownSeriesEach: boolean }) {
  const acknowledged: Sent[] = []
  let stopping = false
  const sending = (async () => {
    for (let value = 0; !stopping; value += 1) {
      const timeMs = Date.now()
      const point = ownSeriesEach ? { timeMs, value, label: `${value}` } : { timeMs, value }
      if (await postOtlp(otlpUrl(), otlpGauge(agentId, metric, [point]))) acknowledged.push({ timeMs, value })
      // A time of its own for each, and fewer points than a page of series holds.
      await sleep(5)
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

/** Waits until `read` has every point that was acknowledged; names those that never came. */
async function everyPointIsStored(acknowledged: readonly Sent[], read: () => Promise<ReadonlySet<string>>) {
  let lost = acknowledged
  await until(
    'the aggregator has every acknowledged point',
    async () => {
      const stored = await read()
      lost = acknowledged.filter((point) => !stored.has(asText(point)))
      return lost.length === 0
    },
    { details: () => `${lost.length} of ${acknowledged.length} are lost: ${lost.map(({ value }) => value)}` },
  )
  expect(acknowledged.length).toBeGreaterThanOrEqual(200)
  tell(`${acknowledged.length} acknowledged points, all stored`)
}

const asText = ({ timeMs, value }: Sent) => `${value} at ${timeMs}`

async function storedPoints(aggregator: RunningAggregator): Promise<ReadonlySet<string>> {
  const series = (await aggregator.seriesOf(agentId)).filter((one) => one.metric === metric)
  const samples = await Promise.all(series.map(({ id }) => aggregator.samplesOf(id)))
  return new Set(
    samples.flatMap(({ timesMs, values }) =>
      timesMs.map((timeMs, position) => asText({ timeMs, value: values[position] ?? Number.NaN })),
    ),
  )
}
