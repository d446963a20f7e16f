// Resident memory per active series, and where it goes: the store's part alone, as the aggregator holds it. Each step is
// what one more piece adds, after a garbage collection.
//
//   node --expose-gc --conditions=perfmon-source benchmarks/series-memory.mjs [SERIES]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openStore } from '../packages/aggregator/src/store/open-store.ts'
import { createSeriesTable } from '../packages/aggregator/src/store/series-table.ts'

const count = Number(process.argv[2] ?? 100_000)
const startMs = 1_795_003_200_000
const dir = mkdtempSync(join(tmpdir(), 'perfmon-memory-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))

let before = 0
const step = async (name) => {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc()
    await wait(200)
  }
  const { rss, heapUsed } = process.memoryUsage()
  const added =
    before === 0 ? '' : `${(((rss - before) / count) | 0).toString().padStart(6)} bytes per series more`
  console.log(
    `${name.padEnd(44)} rss ${(rss / 2 ** 20).toFixed(0).padStart(5)} MiB, main heap ${(heapUsed / 2 ** 20).toFixed(0).padStart(4)} MiB ${added}`,
  )
  before = rss
}

const store = await openStore({
  dir,
  nowMs: () => startMs,
  retention: { days: 30, bytes: 2 ** 34 },
  warn: console.error,
})
await step('empty store')
const table = createSeriesTable([], () => true, { perAgent: 1e9, total: 1e9 })
const series = []
for (let index = 0; index < count; index += 1)
  series.push(
    table.resolve({
      agentId: `agent-${Math.floor(index / 100)}`,
      metric: `http.server.request.duration.${index % 10}`,
      unit: 's',
      kind: 'counter',
      part: 'bucket',
      attributes: {
        'http.route': `/users/${index % 100}`,
        'http.request.method': 'GET',
        le: String(index % 16),
      },
    }),
  )
await step('series table')
const ids = Uint32Array.from(series, ({ id }) => id)
const report = (at, newSeries) =>
  store.appendSamples({
    newSeries,
    seriesIds: ids,
    timesMs: new Float64Array(count).fill(startMs + at * 10_000),
    values: Float64Array.from(ids, (id) => id * at),
  })
await report(0, series)
await step('first report appended')
for (let at = 1; at < 12; at += 1) await report(at, [])
await step('two minutes of reports, not checkpointed')
await store.checkpoint()
await step('checkpointed')
for (let at = 12; at < 72; at += 1) {
  await report(at, [])
  if (at % 12 === 0) await store.checkpoint()
}
await step('ten minutes more, checkpointed every two')
console.log(
  `${(process.memoryUsage().rss / count).toFixed(0)} bytes per active series in all, thread and Node included`,
)
await store.close()
