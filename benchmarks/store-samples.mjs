// What a swarm's agents report, for the store's benchmark: the same for the same seed.

const stepMs = 10_000
export const startMs = 1_795_003_200_000

/** Ten series per agent, as the probe reports them. Measured things come in units; two are quotients in full. */
const kinds = [
  { name: 'cpu share, 4 decimals', next: (v, r) => Math.round(clamp(v + (r() - 0.5) * 0.1) * 1e4) / 1e4 },
  {
    name: 'heap bytes, pages',
    next: (v, r) => Math.max(0, Math.round((v || 50e6) / 4096 + (r() - 0.5) * 500) * 4096),
  },
  { name: 'requests, counter', next: (v, r) => v + Math.floor(r() * 40) },
  { name: 'errors, counter', next: (v, r) => v + (r() < 0.02 ? 1 : 0) },
  { name: 'seconds spent, counter, microseconds', next: (v, r) => Math.round((v + r() * 3) * 1e6) / 1e6 },
  { name: 'open connections', next: (v, r) => Math.max(0, v + Math.round((r() - 0.5) * 4)) },
  { name: 'event-loop share, quotient', next: (_, r) => r() },
  { name: 'bucket, counter', next: (v, r) => v + Math.floor(r() * 8) },
  { name: 'queue length, mostly 0', next: (_, r) => (r() < 0.05 ? Math.floor(r() * 10) : 0) },
  { name: 'mean seconds, quotient', next: (_, r) => (r() * 5) / (1 + Math.floor(r() * 40)) },
]
const clamp = (value) => Math.min(1, Math.max(0, value))

/** One batch per step: a sample of every series, a few milliseconds off the beat for each agent. */
export const makeBatches = ({ agents, steps, seed = 1 }) => {
  let state = seed
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  const count = agents * kinds.length
  const current = new Float64Array(count)
  const newSeries = Array.from({ length: count }, (_, id) => ({
    id,
    agentId: `agent-${Math.floor(id / kinds.length)}`,
    metric: kinds[id % kinds.length].name,
    unit: '1',
    kind: 'gauge',
    part: 'value',
    attributes: {},
  }))
  return Array.from({ length: steps }, (_, step) => {
    const batch = {
      newSeries: step === 0 ? newSeries : [],
      seriesIds: new Uint32Array(count),
      timesMs: new Float64Array(count),
      values: new Float64Array(count),
    }
    for (let agent = 0; agent < agents; agent += 1) {
      const timeMs = startMs + step * stepMs + Math.floor(random() * 4)
      for (let kind = 0; kind < kinds.length; kind += 1) {
        const id = agent * kinds.length + kind
        current[id] = kinds[kind].next(current[id], random)
        batch.seriesIds[id] = id
        batch.timesMs[id] = timeMs
        batch.values[id] = current[id]
      }
    }
    return batch
  })
}
