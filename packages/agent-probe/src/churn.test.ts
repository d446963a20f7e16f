import { expect, test } from 'vitest'
import { createChurn } from './testing/churn.ts'
import { heldBytes } from './testing/collect-garbage.ts'

const stepSeconds = 300
const stepsPerHour = 3600 / stepSeconds

test('24 simulated hours of ever new peers, routes and models: memory is flat, nothing goes uncounted', {
  timeout: 30_000,
}, async () => {
  const churn = createChurn({ requestsPerStep: 300, newNamesPerStep: 100 })
  const bytes: number[] = []
  let metrics = churn.step(stepSeconds)
  for (let step = 1; step < 24 * stepsPerHour; step++) {
    metrics = churn.step(stepSeconds)
    if (step % (6 * stepsPerHour) === 0) bytes.push(await heldBytes())
  }
  bytes.push(await heldBytes())
  churn.stop()

  const [first, ...later] = bytes
  for (const each of later) expect(each - first!).toBeLessThan(1_000_000)

  const { serverDurations, clientDurations, ai } = churn.recordings
  for (const table of [serverDurations, clientDurations, ai!.operations, ai!.attempts]) {
    // 500, and what overflows: apart whether it failed.
    expect(table.series.length).toBeLessThanOrEqual(502)
    const count = table.series.reduce(
      (sum, series) => sum + ('count' in series ? series.count : series.value),
      0,
    )
    expect(count).toBe(churn.requestCount())
  }
  for (const { dataPoints } of metrics) expect(dataPoints.length).toBeLessThanOrEqual(502)
  const overflow = clientDurations.series.filter(({ attributes }) => attributes['otel.metric.overflow'])
  expect(overflow.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(0.9 * churn.requestCount())
})

test('the estimate of memory is within a third of what a heap really holds', {
  timeout: 30_000,
}, async () => {
  const churns = Array.from({ length: 3 }, () => createChurn({ requestsPerStep: 600, newNamesPerStep: 600 }))
  const empty = churns[0]!.estimatedBytes()
  const before = await heldBytes()
  for (const churn of churns) churn.step(1)
  const held = ((await heldBytes()) - before) / churns.length
  const estimated = churns[0]!.estimatedBytes() - empty
  for (const churn of churns) churn.stop()
  expect(estimated / held).toBeGreaterThan(0.67)
  expect(estimated / held).toBeLessThan(1.5)
})
