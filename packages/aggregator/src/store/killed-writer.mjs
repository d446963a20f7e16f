// The child of survives-kill.test.ts: writes as fast as it can and says what was acknowledged, until killed.
// Value i of every series is i, so that a missing or doubled sample is a gap or a repetition.
import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { openStore } from './open-store.ts'

const [dir, seriesCount, samplesPerBatch] = [
  process.argv[2],
  Number(process.argv[3]),
  Number(process.argv[4]),
]
const startMs = 1_795_000_000_000
/** A minute: some ten batches fill the two hours of a block, so most checkpoints compact. */
const stepMs = 60_000
const dayMs = 86_400_000
const ids = Array.from({ length: seriesCount }, (_, id) => id)
/** One series more: half of its samples come late, each together with newer ones. */
const lateId = seriesCount
/** And one that is older than retention allows: while it is written, it is removed. */
const oldId = seriesCount + 1
const say = (line) => writeSync(1, `${line}\n`)

const store = await openStore({
  dir,
  nowMs: () => startMs,
  retention: { days: 50, bytes: 2 ** 30 },
  warn: (message) => say(`warning ${message}`),
  // Some ten batches: most kills come while samples move from the journal into chunks.
  checkpointBytes: 64 * 1024,
})

const nextStep = ids.map((id) => (store.stored.lastValues[id] ?? Number.NaN) + 1 || 0)
const known = store.stored.series.length
const newSeries = [...ids, lateId, oldId].slice(known).map((id) => ({
  id,
  agentId: 'agent',
  metric: 'agent.cpu',
  unit: '1',
  kind: 'gauge',
  part: 'value',
  attributes: {},
}))

/**
 * Keeps `atOnce` batches under way. After a refusal ("overloaded" is what so small a journal says while blocks are made)
 * all that follow are refused too; then it goes on at the first of them.
 */
const appendInOrder = async ({ first, perBatch, atOnce, name, batchOf, toldOf = (_start, end) => end }) => {
  let inFlight = []
  for (let step = first; ; step += perBatch) {
    const [start, end] = [step, step + perBatch]
    const appended = store.appendSamples(batchOf(start)).then(
      () => {
        say(`${name} ${toldOf(start, end)}`)
        return null
      },
      (error) => {
        if (error.code !== 'overloaded') throw error
        return start
      },
    )
    inFlight.push(appended)
    if (inFlight.length < atOnce) continue
    const refused = await inFlight.shift()
    if (refused === null) continue
    await Promise.all(inFlight)
    inFlight = []
    await wait(20)
    step = refused - perBatch
  }
}

const appendForever = () =>
  appendInOrder({
    first: Math.max(...nextStep),
    perBatch: samplesPerBatch,
    atOnce: 4,
    name: 'samples',
    batchOf(step) {
      const steps = Array.from({ length: samplesPerBatch }, (_, index) => step + index)
      return {
        newSeries,
        seriesIds: Uint32Array.from(steps.flatMap(() => ids)),
        timesMs: Float64Array.from(steps.flatMap((value) => ids.map(() => startMs + value * stepMs))),
        values: Float64Array.from(steps.flatMap((value) => ids.map(() => value))),
      }
    },
  })

const appendLateForever = () => {
  const perBatch = 20
  const columnsOf = (values) => ({
    seriesIds: new Uint32Array(values.length).fill(lateId),
    timesMs: Float64Array.from(values, (value) => startMs + value * stepMs),
    values: Float64Array.from(values),
  })
  const valuesFrom = (first) =>
    Array.from({ length: perBatch / 2 }, (_, index) => first + index * 2).filter((value) => value >= 0)
  return appendInOrder({
    first: Math.floor((store.stored.lastValues[lateId] ?? -1) / perBatch) * perBatch + perBatch || 0,
    perBatch,
    atOnce: 2,
    name: 'late',
    // The odd ones of a batch come late, with the next.
    toldOf: (start) => start,
    batchOf: (step) => ({
      newSeries: newSeries.filter(({ id }) => id === lateId),
      ...columnsOf(valuesFrom(step)),
      late: columnsOf(valuesFrom(step - perBatch + 1)),
    }),
  })
}

const appendOldForever = () =>
  appendInOrder({
    first: (store.stored.lastValues[oldId] ?? Number.NaN) + 1 || 0,
    perBatch: 60,
    atOnce: 1,
    name: 'old',
    batchOf(step) {
      const values = Array.from({ length: 60 }, (_, index) => step + index)
      return {
        newSeries: newSeries.filter(({ id }) => id === oldId),
        seriesIds: new Uint32Array(values.length).fill(oldId),
        timesMs: Float64Array.from(values, (value) => startMs - 200 * dayMs + value * stepMs),
        values: Float64Array.from(values),
      }
    },
  })

const recordForever = async () => {
  for (let alert = store.stored.lastEventSeq; ; alert += 1) {
    const recorded = {
      id: `alert-${alert}`,
      fingerprint: 'f',
      rule: 'r',
      severity: 'warning',
      state: 'active',
      labels: {},
      summary: '',
      unit: '1',
      value: 1,
      threshold: 1,
      pendingSinceMs: startMs,
      activeSinceMs: startMs,
      resolvedAtMs: null,
      resolveReason: null,
      updatedAtMs: startMs,
    }
    await store.recordAlerts([recorded], [{ type: 'alert-active', alert: recorded, timeMs: startMs }])
    say(`alerts ${alert + 1}`)
  }
}

await Promise.all([appendForever(), appendLateForever(), appendOldForever(), recordForever()])
