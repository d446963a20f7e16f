import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
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
const counter = 'components.increase'
const smallRequests = `
exporters:
  otlp_http/aggregator:
    sending_queue:
      batch: { flush_timeout: 50ms, min_size: 20, max_size: 20 }
`
const queued = 'otelcol_exporter_queue_size'

interface Sent {
  readonly timeMs: number
  readonly value: number
}

/** What the counter grows by with each point, as a delta: a total tells which of them it has. */
const increaseOf = ({ value }: Sent) => 1 + (value % 7)

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
  const sender = sendPoints(() => running.otlpUrl)
  await sender.acknowledges(50)
  await first.stop('SIGKILL')
  await sender.acknowledges(100)
  await until('points wait', async () => (await running.ownMetric(queued, 'aggregator')) > 0)
  const second = await aggregatorAt(first.otlpPort)
  await sender.acknowledges(50)
  await everyPointIsStored(await sender.stop(), second)
})

/**
 * After its own crash the collector sends what was under way last, behind newer points of the same series: in
 * one request with them, or, when requests are small, in requests of its own.
 */
describe.each([
  ['shipped', ''],
  ['small', smallRequests],
])('requests as %s', (_size, overlay) => {
  test('a collector that is killed too delivers what it took, and nothing counts twice', async ({ skip }) => {
    const { otelcol } = need(collector, skip)
    const { aggregatorAt, collectorBefore } = await parts(otelcol, overlay)
    const first = await aggregatorAt(0)
    let running = await collectorBefore(first)
    const sender = sendPoints(() => running.otlpUrl)
    await sender.acknowledges(50)
    await first.stop('SIGKILL')
    await sender.acknowledges(50)
    await until('points wait', async () => (await running.ownMetric(queued, 'aggregator')) > 0)
    await running.stop('SIGKILL')
    running = await collectorBefore(first)
    await sender.acknowledges(50)
    const second = await aggregatorAt(first.otlpPort)
    await sender.acknowledges(50)
    await everyPointIsStored(await sender.stop(), second)
  })
})

/** An aggregator and a collector that keep their folders when they are started again. */
async function parts(otelcol: string, overlay = '') {
  const folder = await temporaryFolder()
  const overlayPath = join(folder, 'overlay.yaml')
  await writeFile(overlayPath, overlay)
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
          ...(overlay !== '' && { overlay: overlayPath }),
        }),
      ),
  }
}

/** Sends one point after the other, each at a time and of a value of its own, until it is stopped. */
function sendPoints(otlpUrl: () => string) {
  const acknowledged: Sent[] = []
  let stopping = false
  const sending = (async () => {
    for (let value = 0; !stopping; value += 1) {
      const point: Sent = { timeMs: Date.now(), value }
      if (await postOtlp(otlpUrl(), otlpBody(point))) acknowledged.push(point)
      // A time of its own for each.
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

/** The point as a gauge, and what the counter grew by with it. */
function otlpBody(point: Sent): string {
  const body = JSON.parse(otlpGauge(agentId, metric, [point]))
  const increase = {
    startTimeUnixNano: `${point.timeMs - 1}000000`,
    timeUnixNano: `${point.timeMs}000000`,
    asDouble: increaseOf(point),
  }
  body.resourceMetrics[0].scopeMetrics[0].metrics.push({
    name: counter,
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [increase] },
  })
  return JSON.stringify(body)
}

/**
 * Waits until the gauge has every point that was acknowledged, and names those that never came; and until the
 * counter's total is what the gauge's points make together. (That may be more than was acknowledged: what the
 * collector took before it was killed, and could not acknowledge any more.)
 */
async function everyPointIsStored(acknowledged: readonly Sent[], aggregator: RunningAggregator) {
  let details = ''
  await until(
    'the aggregator has every acknowledged point',
    async () => {
      const points = await storedSamples(aggregator, metric)
      const stored = new Set(points.map(asText))
      const lost = acknowledged.filter((point) => !stored.has(asText(point)))
      const wanted = points.reduce((sum, point) => sum + increaseOf(point), 0)
      const totals = await storedSamples(aggregator, counter)
      details = `${lost.length} of ${acknowledged.length} are lost: ${lost.map(({ value }) => value)}; the total is ${totals.at(-1)?.value}, not ${wanted}`
      return lost.length === 0 && totals.length === points.length && totals.at(-1)?.value === wanted
    },
    { details: () => details },
  )
  const totals = (await storedSamples(aggregator, counter)).map(({ value }) => value)
  expect(totals).toEqual(totals.toSorted((one, other) => one - other))
  expect(acknowledged.length).toBeGreaterThanOrEqual(200)
  tell(`${acknowledged.length} acknowledged points, all stored, the total is right`)
}

const asText = ({ timeMs, value }: Sent) => `${value} at ${timeMs}`

/** Of the one series of the metric, in order of time. */
async function storedSamples(aggregator: RunningAggregator, name: string): Promise<Sent[]> {
  const [series, ...others] = (await aggregator.seriesOf(agentId)).filter((one) => one.metric === name)
  expect(others).toEqual([])
  if (series === undefined) return []
  const { timesMs, values } = await aggregator.samplesOf(series.id)
  return timesMs.map((timeMs, position) => ({ timeMs, value: values[position] ?? Number.NaN }))
}
