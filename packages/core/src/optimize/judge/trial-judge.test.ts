import { describe, expect, test } from 'vitest'
import {
  createTrialJudge,
  type JudgedMetric,
  type Judgement,
  type TrialJudgeOptions,
  type TrialTick,
} from './trial-judge.ts'

/** Numbers of a normal distribution, the same for the same seed. */
function seededNormal(seed: number): () => number {
  let state = seed
  const uniform = () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return (state + 0.5) / 4_294_967_296
  }
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

const agents = 20
const metrics: JudgedMetric[] = [
  { name: 'latency', better: 'lower', accumulates: false, settles: true },
  { name: 'memory', better: 'lower', accumulates: true, settles: false },
]
const fiveOfTwenty = Uint8Array.from({ length: agents }, (_, agent) => (agent % 4 === 0 ? 1 : 0))

interface World {
  readonly seed: number
  readonly treated?: Uint8Array
  /** What the change does: a factor on a treated agent's value. */
  readonly effect?: (metric: string, tick: number) => number
  /** Whom nobody hears. */
  readonly silent?: (agent: number, tick: number) => boolean
}

/** A fleet with a rhythm of load that all share, agents that differ, and correlated noise. */
function* ticksOf({ seed, treated = fiveOfTwenty, effect = () => 1, silent = () => false }: World) {
  const normal = seededNormal(seed)
  const deviations: Record<string, number> = { latency: 0.15, memory: 0.04 }
  const names = Object.keys(deviations)
  const levels = Object.fromEntries(
    names.map((name) => [name, Array.from({ length: agents }, () => normal() / 5)]),
  )
  const noise = Object.fromEntries(names.map((name) => [name, new Float64Array(agents)]))
  for (let tick = -180; tick < 180; tick++) {
    const logLoad = 0.3 * Math.sin(tick / 60) + 0.02 * normal()
    const values: Record<string, Float64Array> = {}
    for (const name of names) {
      const row = new Float64Array(agents)
      for (let agent = 0; agent < agents; agent++) {
        const own = 0.6 * (noise[name]?.[agent] ?? 0) + 0.8 * (deviations[name] ?? 0) * normal()
        noise[name]?.fill(own, agent, agent + 1)
        const log = (levels[name]?.[agent] ?? 0) + 0.6 * logLoad + own
        const factor = tick >= 0 && treated[agent] === 1 ? effect(name, tick) : 1
        row[agent] = silent(agent, tick) ? Number.NaN : 100 * Math.exp(log) * factor
      }
      values[name] = row
    }
    yield { tick, values, load: Math.exp(logLoad) }
  }
}

function judge(world: World, options: Partial<TrialJudgeOptions> = {}) {
  const trial = createTrialJudge({
    agents,
    tickSeconds: 10,
    metrics,
    treated: world.treated ?? fiveOfTwenty,
    ...options,
  })
  let last: TrialTick | undefined
  for (const tick of ticksOf(world)) {
    last = tick
    if (tick.tick < 0) {
      trial.before(tick)
      continue
    }
    const judgement = trial.after(tick)
    if (judgement.verdict !== 'watching') return { ...judgement, ticks: tick.tick + 1 }
  }
  return { ...trial.atHorizon(), ticks: (last?.tick ?? 0) + 1 }
}

const seeds = Array.from({ length: 60 }, (_, index) => index * 77 + 1)
const countOf = (verdict: Judgement['verdict'], world: Omit<World, 'seed'>) =>
  seeds.filter((seed) => judge({ ...world, seed }).verdict === verdict).length

describe('a change on five of twenty agents', () => {
  test('without an effect is found harmless, under a rhythm that all share', () => {
    expect(countOf('harmful', {})).toBeLessThanOrEqual(2)
    expect(countOf('harmless', {})).toBeGreaterThanOrEqual(55)
  })

  test('that makes latency 20 % worse is found harmful, always', () => {
    expect(countOf('harmful', { effect: (name) => (name === 'latency' ? 1.2 : 1) })).toBe(seeds.length)
  })

  test('that improves latency by 10 % is no harm', () => {
    const effect = (name: string) => (name === 'latency' ? 0.9 : 1)
    expect(countOf('harmful', { effect })).toBeLessThanOrEqual(2)
    const { metrics: found } = judge({ seed: 5, effect })
    expect(found[0]?.name).toBe('latency')
    expect(found[0]?.low).toBeLessThan(-0.1)
    expect(found[0]?.high).toBeGreaterThan(-0.1)
  })

  test('that doubles latency is undone within three ticks', () => {
    const judgement = judge({ seed: 3, effect: (name) => (name === 'latency' ? 2 : 1) })
    expect(judgement).toMatchObject({ verdict: 'harmful', reason: 'gross-harm' })
    expect(judgement.ticks).toBeLessThanOrEqual(3)
  })

  test('that disturbs for a minute only is no harm', () => {
    const effect = (name: string, tick: number) => (name === 'latency' ? 1 + 0.25 * Math.exp(-tick / 4) : 1)
    expect(countOf('harmful', { effect })).toBeLessThanOrEqual(3)
  })

  test('that leaks 1 % per minute is found before the memory is a quarter larger', () => {
    const effect = (name: string, tick: number) => (name === 'memory' ? 1 + tick / 600 : 1)
    for (const seed of seeds.slice(0, 20)) {
      const judgement = judge({ seed, effect })
      expect(judgement.verdict).toBe('harmful')
      expect(judgement.ticks).toBeLessThan(150)
    }
  })
})

test('where more is better, less is harm', () => {
  const throughput: JudgedMetric[] = [
    { name: 'latency', better: 'higher', accumulates: false, settles: true },
  ]
  const less = judge({ seed: 1, effect: () => 0.7 }, { metrics: throughput })
  expect(less.verdict).toBe('harmful')
  expect(less.metrics[0]?.effect).toBeLessThan(-0.2)
  expect(judge({ seed: 1, effect: () => 1.3 }, { metrics: throughput }).verdict).toBe('harmless')
})

test('with every agent treated, the load explains the rhythm and the rest is judged against the time before', () => {
  const treated = new Uint8Array(agents).fill(1)
  expect(judge({ seed: 2, treated, effect: (name) => (name === 'latency' ? 1.3 : 1) }).verdict).toBe(
    'harmful',
  )
  expect(countOf('harmful', { treated })).toBeLessThanOrEqual(3)
})

describe('missing data never mean that all is well', () => {
  test('a third of the values missing changes nothing but the time', () => {
    const silent = (agent: number, tick: number) => (agent + tick) % 3 === 0
    expect(judge({ seed: 8, silent, effect: (name) => (name === 'latency' ? 1.2 : 1) }).verdict).toBe(
      'harmful',
    )
    expect(judge({ seed: 9, silent }).verdict).toBe('harmless')
  })

  test('treated agents that fall silent could not be measured', () => {
    const silent = (agent: number, tick: number) => tick >= 2 && fiveOfTwenty[agent] === 1
    expect(judge({ seed: 1, silent })).toMatchObject({
      verdict: 'could-not-measure',
      reason: 'agents-fell-silent',
    })
  })

  test('nor could agents that nobody heard before the change', () => {
    const silent = (_: number, tick: number) => tick < -5
    expect(judge({ seed: 1, silent })).toMatchObject({ verdict: 'could-not-measure', reason: 'no-baseline' })
  })
})

test('a judgement stands once it is made', () => {
  const trial = createTrialJudge({ agents, tickSeconds: 10, metrics, treated: fiveOfTwenty })
  const verdicts: string[] = []
  for (const tick of ticksOf({ seed: 3, effect: () => 2 })) {
    if (tick.tick < 0) trial.before(tick)
    else verdicts.push(trial.after(tick).verdict)
  }
  expect(verdicts.at(-1)).toBe('harmful')
  expect(verdicts.indexOf('harmful')).toBe(verdicts.findIndex((verdict) => verdict !== 'watching'))
  expect(trial.atHorizon().verdict).toBe('harmful')
})
