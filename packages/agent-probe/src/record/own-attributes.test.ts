import { expect, test } from 'vitest'
import { readAnswer } from '../ai/read-answer.ts'
import { createTally } from '../ai/tally.ts'
import { createSeriesTable } from '../explicit/series-table.ts'
import { heldBytes } from '../testing/collect-garbage.ts'
import { createDurationHistogram, type MetricAttributes } from './duration-histogram.ts'

const names = 50
const answerBytes = 200_000

/** As an answer tells it: a few letters out of many. */
const modelOf = (index: number): string =>
  readAnswer(`{"model":"a-model-with-a-name-${index}","said":"${String(index).repeat(answerBytes)}"}`).model!

const tables: readonly [
  title: string,
  create: () => { record(key: string, attributes: MetricAttributes): unknown },
][] = [
  [
    'durations',
    () => {
      const histogram = createDurationHistogram()
      return { record: (key, attributes) => histogram.admit(key, attributes) }
    },
  ],
  [
    'counts',
    () => {
      const tally = createTally()
      return { record: (key, attributes) => tally.add(key, 1, () => attributes) }
    },
  ],
  [
    "the agent's own series",
    () => {
      const table = createSeriesTable()
      return { record: (key, attributes) => table.add(key, 1, () => attributes) }
    },
  ],
]

test.each(tables)('%s keep names, and not the texts they were found in', async (_title, create) => {
  const table = create()
  const before = await heldBytes()
  for (let index = 0; index < names; index++) {
    table.record(`key ${index}`, { model: modelOf(index) })
    // Keys are of the agent's making, and may be of any length.
    table.record(`${index}`.padEnd(answerBytes, 'x'), { model: modelOf(index) })
  }
  expect((await heldBytes()) - before).toBeLessThan(1_000_000)
  table.record('the last', { model: 'one' })
})
