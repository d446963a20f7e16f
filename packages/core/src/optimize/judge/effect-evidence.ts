import type { Difference } from './contrast.ts'
import { createNormalRegression, type Parameter } from './normal-regression.ts'

/** The differences of one metric, tick by tick, and what they say of the change's effect. */
export interface EffectEvidence {
  /** Ticks before the change are negative. Missing ticks are left out. */
  observe(tick: number, difference: Difference, logLoad: number): void
  /** The lasting effect on the log scale. */
  effect(): Parameter | undefined
  /** The growth per minute on the log scale, if growth is what the change does. */
  growth(): Parameter | undefined
}

export interface EffectEvidenceOptions {
  readonly correlation: number
  readonly tickSeconds: number
  /** The change itself disturbs this metric for a while: cold caches, reconnects. */
  readonly settles: boolean
  /** Nobody untreated takes the fleet's load out of the differences: it is learnt along. */
  readonly learnsLoad: boolean
}

/** Caches and pools are warm again after two or three times this long. */
const settlingSeconds = 40
/** Disturbances of some tens of percent are nothing special. */
const disturbanceMean = 0.1
const disturbanceDeviation = 0.2
const unknown = { mean: 0, deviation: Number.POSITIVE_INFINITY }

/**
 * Generalised least squares for AR(1) noise (C. R. Rao, Linear Statistical Inference, ch. 4): what the noise before a
 * tick foretells is taken out of it, after a gap less of it, and the rest is an independent observation of
 * `level + load + effect + disturbance`. So autocorrelation costs what it should and nothing is averaged away.
 */
export function createEffectEvidence(options: EffectEvidenceOptions): EffectEvidence {
  const { correlation, tickSeconds, settles, learnsLoad } = options
  const priors = [
    unknown,
    unknown,
    settles ? { mean: disturbanceMean, deviation: disturbanceDeviation } : { mean: 0, deviation: 1e-6 },
    ...(learnsLoad ? [{ mean: 0.5, deviation: 1 }] : []),
  ]
  const lasting = createNormalRegression(priors)
  const growing = createNormalRegression(priors)
  const effectIndex = 1
  let last: { tick: number; y: number; x: Float64Array; grown: number } | undefined

  return {
    observe(tick, { value, variance }, logLoad) {
      const isAfter = tick >= 0
      const x = new Float64Array(priors.length)
      x[0] = 1
      x[effectIndex] = isAfter ? 1 : 0
      x[2] = isAfter ? Math.exp((-tick * tickSeconds) / settlingSeconds) : 0
      if (learnsLoad) x[3] = logLoad
      const grown = isAfter ? (tick * tickSeconds) / 60 : 0

      const kept = last === undefined ? 0 : correlation ** (tick - last.tick)
      const white = x.map((one, index) => one - kept * (last?.x[index] ?? 0))
      const rest = variance * (1 - kept * kept)
      const y = value - kept * (last?.y ?? 0)
      lasting.observe(white, y, rest)
      white[effectIndex] = grown - kept * (last?.grown ?? 0)
      growing.observe(white, y, rest)
      last = { tick, y: value, x, grown }
    },
    effect: () => lasting.parameter(effectIndex),
    growth: () => growing.parameter(effectIndex),
  }
}

/**
 * How much more probable the observations are if the effect is `size` than if there is none. The other parameters
 * are integrated out, so the ratio of an estimate's normal likelihoods is the whole ratio.
 */
export function likelihoodRatio({ mean, variance }: Parameter, size: number): number {
  return Math.exp(Math.min(60, (mean * size - (size * size) / 2) / variance))
}
