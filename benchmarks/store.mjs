// The embedded store against the plainest one that is as durable: one row per sample in node:sqlite, a
// transaction per batch, WAL and synchronous=FULL. Same samples, same disk, same run.
//
//   node --conditions=perfmon-source benchmarks/store.mjs [--quick]
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from '../packages/aggregator/src/store/open-store.ts'
import { makeBatches, startMs } from './store-samples.mjs'

const quick = process.argv.includes('--quick')
// A quarter of a day is enough to see the ratios; a day shows what a dashboard asks for.
const agents = quick ? 40 : 100
const hours = quick ? 6 : 24
const steps = hours * 360
const dayMs = 86_400_000
const root = mkdtempSync(join(tmpdir(), 'perfmon-benchmark-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))

const bytesIn = (dir) => readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
const quantile = (numbers, share) =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * share)]

const timed = async (work) => {
  const from = performance.now()
  await work()
  return performance.now() - from
}

/** CPU of all threads of this process. */
const cpuSeconds = async (work) => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const measure = async (name, batches, open) => {
  const samples = batches.length * batches[0].seriesIds.length
  const dir = mkdtempSync(join(root, 'data-'))
  const alone = batches.length / 10
  let subject = await open(dir)
  const latencies = []
  const blocked = []
  const cpu = await cpuSeconds(async () => {
    // The first tenth one at a time, for its latency; the rest as many senders would, sixteen at once.
    for (const batch of batches.slice(0, alone)) {
      const from = performance.now()
      const appended = subject.append(batch)
      blocked.push(performance.now() - from)
      await appended
      latencies.push(performance.now() - from)
    }
    const inFlight = []
    for (const batch of batches.slice(alone)) {
      inFlight.push(subject.append(batch))
      if (inFlight.length >= 16) await inFlight.shift()
    }
    await Promise.all(inFlight)
    await subject.settle()
  })
  const reads = []
  for (let id = 0; id < 50; id += 1) reads.push(await timed(() => subject.readDay(id * 2)))
  const found = await subject.readDay(7)
  if (found !== Math.min(steps, batches.length))
    throw new Error(`${name}: ${found} samples read, ${steps} written`)
  await subject.close()
  const bytes = bytesIn(dir)
  const reopenMs = await timed(async () => {
    subject = await open(dir)
  })
  await subject.close()
  return {
    name,
    'samples per CPU-second': samples / cpu,
    'bytes per sample on disk': bytes / samples,
    'append p50 ms': quantile(latencies, 0.5),
    'append p99 ms': quantile(latencies, 0.99),
    'caller blocked p99 ms': quantile(blocked, 0.99),
    [`read ${hours} h of a series ms`]: quantile(reads, 0.5),
    'reopen ms': reopenMs,
  }
}

const warn = (message, details) => console.error('warning:', message, details)
const openPerfmon = async (dir) => {
  const retention = { days: 3650, bytes: 2 ** 40 }
  const store = await openStore({ dir, nowMs: () => startMs, retention, warn })
  return {
    append: (batch) => store.appendSamples(batch),
    settle: () => store.checkpoint(),
    readDay: async (id) => (await store.readSamples(id, startMs, startMs + dayMs, 1e6)).values.length,
    close: () => store.close(),
  }
}

const openRows = async (dir) => {
  const db = new DatabaseSync(join(dir, 'rows.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384')
  db.exec(`CREATE TABLE IF NOT EXISTS samples
    (series_id INTEGER, time_ms REAL, value REAL, PRIMARY KEY (series_id, time_ms)) WITHOUT ROWID`)
  const insert = db.prepare('INSERT INTO samples VALUES (?, ?, ?)')
  const select = db.prepare(
    'SELECT time_ms, value FROM samples WHERE series_id = ? AND time_ms >= ? AND time_ms < ?',
  )
  return {
    append: async ({ seriesIds, timesMs, values }) => {
      db.exec('BEGIN')
      for (let index = 0; index < seriesIds.length; index += 1)
        insert.run(seriesIds[index], timesMs[index], values[index])
      db.exec('COMMIT')
    },
    settle: async () => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
    readDay: async (id) => select.all(id, startMs, startMs + dayMs).length,
    close: async () => db.close(),
  }
}

/** What a kill leaves: the journal as it was, copied from under a store that goes on. */
const reopenAfterKill = async (batches) => {
  const live = mkdtempSync(join(root, 'live-'))
  const store = await openPerfmon(live)
  for (const batch of batches) await store.append(batch)
  const left = join(root, 'left')
  cpSync(live, left, { recursive: true })
  await store.close()
  const journalBytes = bytesIn(left)
  let again
  const ms = await timed(async () => {
    again = await openPerfmon(left)
  })
  await again.close()
  return { ms, journalBytes }
}

const batches = makeBatches({ agents, steps })
const perBatch = batches[0].seriesIds.length
console.log(
  `${perBatch} series, ${(batches.length * perBatch).toLocaleString('en')} samples in ${batches.length} batches, Node ${process.version}\n`,
)
const ours = await measure('perfmon', batches, openPerfmon)
const rows = await measure('row per sample', batches, openRows)
console.log(`${''.padEnd(28)}${'perfmon'.padStart(14)}${'row per sample'.padStart(16)}${'ratio'.padStart(9)}`)
for (const key of Object.keys(ours).filter((key) => key !== 'name')) {
  const show = (value) => (value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(2))
  const ratio = key.startsWith('samples') ? ours[key] / rows[key] : rows[key] / ours[key]
  console.log(
    `${key.padEnd(28)}${show(ours[key]).padStart(14)}${show(rows[key]).padStart(16)}${`${ratio.toPrecision(2)}x`.padStart(9)}`,
  )
}
const killed = await reopenAfterKill(
  batches.slice(0, Math.min(batches.length, Math.floor(3_000_000 / perBatch))),
)
console.log(
  `\nreopen after a kill, ${(killed.journalBytes / 2 ** 20).toFixed(0)} MiB of journal: ${killed.ms.toFixed(0)} ms`,
)
console.log('ratio: how many times better than a row per sample')
