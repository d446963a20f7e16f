import { type Contrast, createContrast, type Difference } from './contrast.ts'
import { createEffectEvidence, type EffectEvidence, likelihoodRatio } from './effect-evidence.ts'
import { fitNoise, type LogRow } from './noise.ts'
import type { Parameter } from './normal-regression.ts'

export interface JudgedMetric {
  readonly name: string
  /** What is good; the other direction is harm. */
  readonly better: 'lower' | 'higher'
  /** It may grow without end (memory, disk, a queue): growth is looked for too. */
  readonly accumulates: boolean
  /** The change itself disturbs it for a while (caches, connections), which is no harm. */
  readonly settles: boolean
}

/** All agents of a trial at one tick, in the same order at each. */
export interface TrialTick {
  /** 0 is the first one after the change was applied. */
  readonly tick: number
  /** Per metric its value per agent, above 0; NaN for an agent that told nothing. */
  readonly values: Readonly<Record<string, ArrayLike<number>>>
  /** What the fleet was asked to do, in any unit; only needed when every agent is treated. */
  readonly load?: number
}

export interface MetricEvidence {
  readonly name: string
  /** Relative change in the metric, 0.1 is +10 %, and the bounds that hold it with 95 %. */
  readonly effect: number
  readonly low: number
  readonly high: number
  /** Odds of harm against no effect, from this metric alone. */
  readonly harmOdds: number
}

export type JudgementReason =
  | 'nothing-known-yet'
  | 'evidence-grows'
  | 'gross-harm'
  | 'harm-shown'
  | 'no-harm-left'
  | 'leans-to-harm'
  | 'leans-to-no-harm'
  | 'no-baseline'
  | 'agents-fell-silent'

export interface Judgement {
  readonly verdict: 'watching' | 'harmful' | 'harmless' | 'undecided' | 'could-not-measure'
  readonly reason: JudgementReason
  /** Odds that some metric is worse, against none. */
  readonly harmOdds: number
  readonly metrics: readonly MetricEvidence[]
}

export interface TrialJudge {
  /** A tick before the change, oldest first. */
  before(tick: TrialTick): void
  /** A tick after it. Once it is no longer `watching` the judgement stands. */
  after(tick: TrialTick): Judgement
  /** Time is up: never `watching`. */
  atHorizon(): Judgement
}

export interface TrialJudgeOptions {
  readonly agents: number
  readonly tickSeconds: number
  readonly metrics: readonly JudgedMetric[]
  /** 1 for each agent that the change is applied to. With all of them treated the load has to be told. */
  readonly treated: ArrayLike<number>
  readonly limits?: Partial<JudgeLimits>
}

export interface JudgeLimits {
  /** Harmful from these odds on: with no effect at all they are ever reached in one of so many trials. */
  readonly harmOdds: number
  /** Harmless up to these odds: of the regressions looked for at most this share gets through. */
  readonly harmlessOdds: number
  /** Undecided at the horizon: leans to harm from these odds on. */
  readonly leaningOdds: number
}

export const defaultJudgeLimits: JudgeLimits = { harmOdds: 60, harmlessOdds: 0.005, leaningOdds: 0.4 }

/** The harm that is looked for: the smallest one that matters most, since it is the hardest to see. */
const sizes = [
  { rise: 0.1, weight: 0.7 },
  { rise: 0.2, weight: 0.18 },
  { rise: 0.5, weight: 0.12 },
]
/** 1 % per minute more: a leak that fills a machine within hours. */
const growthPerMinute = Math.log(1.01)
/** The first half minute is the disturbance's own, and only gross harm is looked for. */
const unjudgedSeconds = 30
/** What a disturbance may amount to before it is gross. */
const disturbance = 0.25
const disturbanceSeconds = 40
/** Of 1,000 trials without an effect one is called gross per look; a dozen looks, most of them at the same noise. */
const grossDeviations = 3.5
const grossTicks = 12
const leastTicksBefore = 12
const leastTicksAfter = 6

interface Channel {
  readonly metric: JudgedMetric
  readonly contrast: Contrast
  readonly evidence: EffectEvidence
  readonly correlation: number
  readonly variance: (difference: Difference) => number
  /** What the load makes of the differences; nothing where the untreated agents take it out. */
  readonly loadSlope: number
  earlySum: number
  earlyTicks: number
  ticks: number
}

/**
 * Judges a change while it is tried on some agents: did any metric get worse?
 *
 * ```
 *             odds ≥ harmOdds, or gross in the first minutes
 *   watching ──────────────────────────────────────────────▶ harmful
 *      │ │     odds ≤ harmlessOdds
 *      │ └─────────────────────────────────────────────────▶ harmless
 *      │       time is up
 *      └───────────────────────────────────────────────────▶ undecided (with a leaning) or could-not-measure
 * ```
 *
 * The odds are one likelihood ratio: "one of the metrics is worse, by 10, 20 or 50 %, or grows" against "nothing
 * is". Without an effect it is a martingale that starts at 1, so it ever exceeds `harmOdds` with a probability of at most
 * 1/`harmOdds`, however often somebody looks (J. Ville, 1939); with one, its inverse is, which bounds what gets
 * through (A. Wald, Sequential Analysis, 1947). No other test that errs as seldom decides sooner on average.
 *
 * Rejected: comparing two samples (undoes 87 % of harmless changes), tests that take ticks as independent (half of
 * the time wrong when nothing happened), one bound per metric (waits for the noisiest one in vain).
 */
export function createTrialJudge(options: TrialJudgeOptions): TrialJudge {
  const { agents, tickSeconds, metrics, treated } = options
  const limits = { ...defaultJudgeLimits, ...options.limits }
  const rowsBefore = new Map<string, { rows: LogRow[]; loads: number[] }>()
  let channels: Channel[] | undefined
  let harmOdds = 1
  let final: Judgement | undefined

  /** On the scale where higher is worse. */
  function logRow(metric: JudgedMetric, { values }: TrialTick): LogRow {
    const sign = metric.better === 'lower' ? 1 : -1
    const row = new Float64Array(agents).fill(Number.NaN)
    const told = values[metric.name] ?? []
    for (let agent = 0; agent < agents; agent++) {
      const value = told[agent] ?? Number.NaN
      if (value > 0 && value < Number.POSITIVE_INFINITY) row[agent] = sign * Math.log(value)
    }
    return row
  }

  const logLoadOf = ({ load }: TrialTick) => (load !== undefined && load > 0 ? Math.log(load) : 0)

  function open(metric: JudgedMetric): Channel | undefined {
    const { rows, loads } = rowsBefore.get(metric.name) ?? { rows: [], loads: [] }
    if (rows.length < leastTicksBefore) return undefined
    const contrast = createContrast(rows, treated)
    const differences = rows.map((row) => contrast.at(row))
    if (differences.filter((one) => one !== undefined).length < leastTicksBefore) return undefined
    const meanLoad = loads.reduce((sum, load) => sum + load, 0) / loads.length
    let { correlation } = contrast
    let loadSlope = 0
    let variance = (difference: Difference) => difference.variance
    if (!contrast.hasControls) {
      // The noise that the agents share is in the differences too: it can only be learnt from themselves.
      const own = ownNoise(differences, loads, meanLoad)
      const noise = fitNoise(own.rows, 1)
      loadSlope = own.slope
      correlation = noise.correlation
      variance = () => noise.variances[0] ?? 1
    }
    const evidence = createEffectEvidence({
      correlation,
      tickSeconds,
      settles: metric.settles,
      learnsLoad: !contrast.hasControls,
    })
    for (const [index, difference] of differences.entries()) {
      if (difference === undefined) continue
      const { value } = difference
      const logLoad = (loads[index] ?? 0) - meanLoad
      evidence.observe(index - rows.length, { value, variance: variance(difference) }, logLoad)
    }
    return {
      metric,
      contrast,
      evidence,
      correlation,
      variance,
      loadSlope,
      earlySum: 0,
      earlyTicks: 0,
      ticks: 0,
    }
  }

  /** Worse than any disturbance explains, judged while the disturbance is on. */
  function isGross(channel: Channel, tick: number, difference: Difference, load: number): boolean {
    channel.earlySum += difference.value - channel.loadSlope * load
    channel.earlyTicks++
    const { earlyTicks: count, correlation, metric } = channel
    if (tick >= grossTicks || count < 2) return false
    let correlated = 0
    let explained = 0
    for (let one = 0; one < count; one++) {
      for (let other = 0; other < count; other++) correlated += correlation ** Math.abs(one - other)
      explained += metric.settles
        ? Math.log(1 + disturbance * Math.exp((-one * tickSeconds) / disturbanceSeconds))
        : 0.05
    }
    const beforeTicks = rowsBefore.get(metric.name)?.rows.length ?? 1
    const baseline = (1 + correlation) / (1 - correlation) / beforeTicks
    const deviation = Math.sqrt(channel.variance(difference) * (correlated / count ** 2 + baseline))
    return (channel.earlySum - explained) / count > grossDeviations * deviation
  }

  function oddsOf({ evidence, metric }: Channel): {
    level: number
    growth: number
    effect: Parameter | undefined
  } {
    const effect = evidence.effect()
    const growth = metric.accumulates ? evidence.growth() : undefined
    return {
      effect,
      level:
        effect === undefined
          ? 1
          : sizes.reduce(
              (sum, { rise, weight }) => sum + weight * likelihoodRatio(effect, Math.log(1 + rise)),
              0,
            ),
      growth: growth === undefined ? 1 : likelihoodRatio(growth, growthPerMinute),
    }
  }

  function evidenceNow(): MetricEvidence[] {
    return (channels ?? []).map((channel) => {
      const { effect, level, growth } = oddsOf(channel)
      const { name, better } = channel.metric
      const mean = effect?.mean ?? 0
      const reach = 1.96 * Math.sqrt(effect?.variance ?? Number.POSITIVE_INFINITY)
      const sign = better === 'lower' ? 1 : -1
      const relative = (log: number) => Math.exp(sign * log) - 1
      const [low, high] = [relative(mean - reach), relative(mean + reach)].sort((one, other) => one - other)
      return {
        name,
        effect: relative(mean),
        low: low ?? Number.NEGATIVE_INFINITY,
        high: high ?? Number.POSITIVE_INFINITY,
        harmOdds: channel.metric.accumulates ? Math.max(level, growth) : level,
      }
    })
  }

  const judgement = (verdict: Judgement['verdict'], reason: JudgementReason): Judgement => ({
    verdict,
    reason,
    harmOdds,
    metrics: evidenceNow(),
  })

  return {
    before(tick) {
      for (const metric of metrics) {
        const kept = rowsBefore.get(metric.name) ?? { rows: [], loads: [] }
        kept.rows.push(logRow(metric, tick))
        kept.loads.push(logLoadOf(tick))
        rowsBefore.set(metric.name, kept)
      }
    },
    after(tick) {
      if (final !== undefined) return final
      if (channels === undefined) {
        const opened = metrics.map(open)
        if (opened.some((channel) => channel === undefined)) {
          final = judgement('could-not-measure', 'no-baseline')
          return final
        }
        channels = opened as Channel[]
      }
      let isGrossHarm = false
      for (const channel of channels) {
        const { rows = [], loads = [] } = rowsBefore.get(channel.metric.name) ?? {}
        const difference = channel.contrast.at(logRow(channel.metric, tick))
        if (difference === undefined) continue
        const load = logLoadOf(tick) - loads.reduce((sum, one) => sum + one, 0) / rows.length
        if (isGross(channel, tick.tick, difference, load)) isGrossHarm = true
        if (tick.tick * tickSeconds < unjudgedSeconds) continue
        channel.ticks++
        const variance = channel.variance(difference)
        channel.evidence.observe(tick.tick, { value: difference.value, variance }, load)
      }
      // Each metric may get worse, each that accumulates may grow: the hypotheses of harm, all as likely.
      let sum = 0
      let hypotheses = 0
      for (const channel of channels) {
        const { level, growth } = oddsOf(channel)
        sum += level + (channel.metric.accumulates ? growth : 0)
        hypotheses += channel.metric.accumulates ? 2 : 1
      }
      harmOdds = sum / hypotheses
      if (isGrossHarm) final = judgement('harmful', 'gross-harm')
      else if (channels.some((channel) => channel.ticks < leastTicksAfter))
        return judgement('watching', 'nothing-known-yet')
      else if (harmOdds >= limits.harmOdds) final = judgement('harmful', 'harm-shown')
      else if (harmOdds <= limits.harmlessOdds) final = judgement('harmless', 'no-harm-left')
      return final ?? judgement('watching', 'evidence-grows')
    },
    atHorizon() {
      if (final !== undefined) return final
      if (channels === undefined) return judgement('could-not-measure', 'no-baseline')
      if (channels.some((channel) => channel.ticks < leastTicksAfter))
        return judgement('could-not-measure', 'agents-fell-silent')
      return judgement('undecided', harmOdds >= limits.leaningOdds ? 'leans-to-harm' : 'leans-to-no-harm')
    },
  }
}

/** What the load leaves unexplained of the differences before a change to all agents, one row per tick. */
function ownNoise(
  differences: readonly (Difference | undefined)[],
  loads: readonly number[],
  meanLoad: number,
): { slope: number; rows: LogRow[] } {
  let products = 0
  let squares = 0
  let sum = 0
  let count = 0
  for (const [index, difference] of differences.entries()) {
    if (difference === undefined) continue
    const load = (loads[index] ?? 0) - meanLoad
    products += load * difference.value
    squares += load * load
    sum += difference.value
    count++
  }
  const slope = squares > 0 ? products / squares : 0
  const mean = count > 0 ? sum / count : 0
  const rows = differences.map((difference, index) =>
    Float64Array.of(
      difference === undefined
        ? Number.NaN
        : difference.value - mean - slope * ((loads[index] ?? 0) - meanLoad),
    ),
  )
  return { slope, rows }
}
