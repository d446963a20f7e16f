// The embedded store beside Prometheus and VictoriaMetrics: the same samples, the same questions, one after the
// other in one run. Peers come from PATH or Debian's packages; what cannot be had is left out.
//
//   node --conditions=perfmon-source benchmarks/query.mjs [--quick] [--alone]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../packages/aggregator/src/store/open-store.ts'
import { createRemoteWriter, startPeers } from './metrics-peer.mjs'
import { makeBatches, startMs } from './store-samples.mjs'

const quick = process.argv.includes('--quick')
const agents = 100
const hours = quick ? 6 : 24
const days = quick ? 7 : 30
const hourMs = 3_600_000
const endMs = startMs + hours * hourMs
const monthMs = endMs - days * 24 * hourMs
const root = mkdtempSync(join(tmpdir(), 'perfmon-query-benchmark-'))
const quantile = (numbers, share) =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * share)]

/** A day of ten series per agent every ten seconds, and a month of one more every minute. */
function* feed() {
  const day = makeBatches({ agents, steps: hours * 360 })
  const ids = Array.from({ length: agents }, (_, agent) => agents * 10 + agent)
  const load = new Float64Array(agents).fill(0.5)
  let state = 5
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  const newSeries = ids.map((id, agent) => ({
    id,
    agentId: `agent-${agent}`,
    metric: 'month of load',
    unit: '1',
    kind: 'gauge',
    part: 'value',
    attributes: {},
  }))
  let isFirst = true
  for (let fromMs = monthMs; fromMs < startMs; fromMs += hourMs) {
    const rows = []
    for (let timeMs = fromMs; timeMs < fromMs + hourMs; timeMs += 60_000)
      for (const [agent, id] of ids.entries()) {
        load[agent] = Math.round(Math.min(1, Math.max(0, load[agent] + (random() - 0.5) * 0.1)) * 1e4) / 1e4
        rows.push([id, timeMs, load[agent]])
      }
    yield {
      newSeries: isFirst ? newSeries : [],
      seriesIds: Uint32Array.from(rows, ([id]) => id),
      timesMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
      values: Float64Array.from(rows, ([, , value]) => value),
    }
    isFirst = false
  }
  for (const [step, batch] of day.entries()) {
    if (step % 6 !== 0) yield batch
    else {
      const timeMs = startMs + step * 10_000
      yield {
        newSeries: batch.newSeries,
        seriesIds: Uint32Array.from([...batch.seriesIds, ...ids]),
        timesMs: Float64Array.from([...batch.timesMs, ...ids.map(() => timeMs)]),
        values: Float64Array.from([...batch.values, ...load]),
      }
    }
  }
}

const ownCpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Sixteen requests under way at once. */
const pour = async (append) => {
  let samples = 0
  let spentOnFeed = 0
  const inFlight = []
  const batches = feed()
  for (;;) {
    const before = ownCpu()
    const { value: batch, done } = batches.next()
    spentOnFeed += ownCpu() - before
    if (done) break
    samples += batch.seriesIds.length
    inFlight.push(append(batch))
    // Out of order is what peers refuse: theirs go one after the other.
    if (inFlight.length >= append.atOnce) await inFlight.shift()
  }
  await Promise.all(inFlight)
  return { samples, spentOnFeed }
}

const median = async (ask) => {
  const times = []
  for (let round = 0; round < 22; round += 1) {
    const from = performance.now()
    await ask(round)
    if (round > 1) times.push(performance.now() - from)
  }
  return quantile(times, 0.5)
}

const demand = (name, found, wanted) => {
  if (found !== wanted) throw new Error(`${name}: ${found} instead of ${wanted}`)
}

const measurePerfmon = async () => {
  const dir = join(root, 'perfmon')
  const store = await openStore({
    dir,
    nowMs: () => endMs,
    retention: { days: 3650, bytes: 2 ** 40 },
    warn: (message) => console.error(message),
  })
  const before = ownCpu()
  const { samples, spentOnFeed } = await pour(
    Object.assign((batch) => store.appendSamples(batch), { atOnce: 16 }),
  )
  await store.checkpoint()
  const cpu = ownCpu() - before - spentOnFeed
  const { bytes } = await store.stats()
  const matchers = (metric) => [{ label: 'metric', is: '=', value: metric }]
  const dayOf = async (round) => {
    const { values } = await store.readSamples(round * 10, startMs, endMs, 1e6)
    demand('samples', values.length, hours * 360)
  }
  const hourOf = async () => {
    const { lines } = await store.queries.aggregate({
      matchers: matchers('cpu share, 4 decimals'),
      fromMs: endMs - hourMs,
      toMs: endMs,
      stepMs: hourMs,
      aggregate: 'avg',
    })
    demand('series', lines.length, agents)
  }
  const month = async () => {
    const { lines } = await store.queries.aggregate({
      matchers: matchers('month of load'),
      fromMs: monthMs,
      toMs: endMs,
      stepMs: hourMs,
      aggregate: 'avg',
    })
    demand('points', lines[0].values.filter((value) => !Number.isNaN(value)).length, days * 24)
  }
  const row = {
    'CPU-s per million samples': cpu / (samples / 1e6),
    'bytes per sample on disk': bytes / samples,
    [`one series, ${hours} h, ms`]: await median(dayOf),
    '1 h average of 100 series, ms': await median(hourOf),
    [`${days} d by the hour, 100 agents, ms`]: await median(month),
  }
  await store.close()
  return { name: 'perfmon', row, samples }
}

const measurePeer = async (peer) => {
  const write = createRemoteWriter()
  const before = peer.cpuSeconds()
  const { samples } = await pour(Object.assign((batch) => peer.append(write(batch)), { atOnce: 1 }))
  await peer.settle()
  const cpu = peer.cpuSeconds() - before
  const at = String(endMs / 1000)
  const dayOf = async (round) => {
    const query = `cpu_share_4_decimals{agent="agent-${round}"}[${hours}h]`
    const [found] = await peer.ask('/api/v1/query', { query, time: at })
    demand('samples', Math.abs(found.values.length - hours * 360) <= 1, true)
  }
  const hourOf = async () => {
    const found = await peer.ask('/api/v1/query', {
      query: 'avg_over_time(cpu_share_4_decimals[1h])',
      time: at,
    })
    demand('series', found.length, agents)
  }
  const month = async () => {
    const found = await peer.ask('/api/v1/query_range', {
      query: 'avg_over_time(month_of_load[1h])',
      start: String(monthMs / 1000 + 3600),
      end: at,
      step: '3600',
    })
    demand('points', Math.abs(found[0].values.length - days * 24) <= 1, true)
  }
  const row = {
    'CPU-s per million samples': cpu / (samples / 1e6),
    'bytes per sample on disk': peer.bytesPerSample(samples),
    [`one series, ${hours} h, ms`]: await median(dayOf),
    '1 h average of 100 series, ms': await median(hourOf),
    [`${days} d by the hour, 100 agents, ms`]: await median(month),
  }
  return { name: peer.name, row }
}

const peers = process.argv.includes('--alone') ? [] : await startPeers(root)
try {
  const ours = await measurePerfmon()
  const all = [ours]
  for (const peer of peers) all.push(await measurePeer(peer))
  console.log(
    `${ours.samples.toLocaleString('en')} samples, Node ${process.version}; ratio: how many times ours\n`,
  )
  const cell = (text) => String(text).padStart(24)
  console.log(''.padEnd(36) + all.map(({ name }) => cell(name)).join(''))
  for (const key of Object.keys(ours.row)) {
    const cells = all.map(({ row }, index) =>
      cell(row[key].toFixed(2) + (index === 0 ? '' : ` (${(row[key] / ours.row[key]).toPrecision(2)}x)`)),
    )
    console.log(key.padEnd(36) + cells.join(''))
  }
} finally {
  for (const peer of peers) await peer.close()
  rmSync(root, { recursive: true, force: true })
}
