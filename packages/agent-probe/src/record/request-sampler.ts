/** How HTTP requests are chosen that are recorded. */
export interface SamplingRate {
  /** One of so many; 1 is all of them. */
  readonly keepOneOf: number
  /** Failed and slow requests are recorded one by one, whatever was chosen. */
  readonly importantInFull: boolean
}

/**
 * Chooses which requests are recorded, and for how many alike each stands. Of each `keepOneOf` consecutive requests
 * one is chosen by chance and stands for all of them, so that totals are right to within one such block, and every
 * series without bias: of N requests alike, it tells N ± √(N · (keepOneOf − 1)).
 */
export interface RequestSampler {
  rate: SamplingRate
  /** At the start of a request: how many it stands for; 0 when it was not chosen. */
  next(): number
  /**
   * At its end: the weight to record it with; 0 is not at all. Where important ones are recorded in full they stand
   * for themselves only, whether they were chosen or not: anything else would count them twice.
   */
  weigh(standsFor: number, seconds: number, hasFailed: boolean): number
}

export const recordAll: SamplingRate = { keepOneOf: 1, importantInFull: true }

/** Slower than all but one in a hundred. */
const slowShare = 0.01
/** How fast the limit follows the durations: a factor of 1.05 where all are slow. */
const adaption = 0.05
const upFactor = Math.exp(adaption * (1 - slowShare))
const downFactor = Math.exp(-adaption * slowShare)

export const createRequestSampler = (random: () => number = Math.random): RequestSampler => {
  let rate = recordAll
  let position = 0
  let chosen = 0
  // Follows the durations up fast and down slowly, until one in a hundred is longer (stochastic approximation).
  let slowSeconds = 0.05
  return {
    get rate() {
      return rate
    },
    set rate(next) {
      rate = next
      position = 0
    },
    next() {
      const { keepOneOf } = rate
      if (keepOneOf === 1) return 1
      if (position === 0) chosen = Math.floor(random() * keepOneOf)
      const isChosen = position === chosen
      position = position + 1 === keepOneOf ? 0 : position + 1
      return isChosen ? keepOneOf : 0
    },
    weigh(standsFor, seconds, hasFailed) {
      if (rate.keepOneOf === 1 || !rate.importantInFull) return standsFor
      const isSlow = seconds > slowSeconds
      slowSeconds *= isSlow ? upFactor : downFactor
      return hasFailed || isSlow ? 1 : standsFor
    },
  }
}
