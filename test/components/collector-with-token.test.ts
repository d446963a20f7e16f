import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { absentReceiver } from './absent-receiver.ts'
import { type Component, need } from './component.ts'
import { type CollectorBinaries, obtainCollector } from './obtain-collector.ts'
import { otlpGauge, postOtlp } from './otlp-gauge.ts'
import { startAggregator } from './start-aggregator.ts'
import { startCollector } from './start-collector.ts'
import { stoppedAtEnd } from './stopped-at-end.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

const token = 'component-test-token-0123456789'

let collector: Component<CollectorBinaries>
beforeAll(async () => {
  collector = await obtainCollector()
})

test.for([
  { given: token, arrives: true },
  { given: 'another-token-0123456789', arrives: false },
])('an aggregator with a token, a collector with $given', async ({ given, arrives }, { skip }) => {
  const { otelcol } = need(collector, skip)
  const folder = await temporaryFolder()
  const aggregator = await stoppedAtEnd(startAggregator({ dataFolder: join(folder, 'data'), token }))
  const running = await stoppedAtEnd(
    startCollector({
      otelcol,
      queueFolder: join(folder, 'queue'),
      aggregatorUrl: aggregator.otlpUrl,
      remoteWriteUrl: `${await absentReceiver()}/api/v1/write`,
      token: given,
    }),
  )
  const body = otlpGauge('a', 'components.point', [{ timeMs: Date.now(), value: 1 }])
  expect(await postOtlp(running.otlpUrl, body)).toBe(true)
  const outcome = `otelcol_exporter_${arrives ? 'sent' : 'send_failed'}_metric_points`
  await until(outcome, async () => (await running.ownMetric(outcome, 'aggregator')) === 1)
  expect(await aggregator.agents()).toHaveLength(arrives ? 1 : 0)
})
