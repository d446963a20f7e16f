import { recordAll, type SamplingRate } from '../record/request-sampler.ts'

export interface Sampling {
  readonly mode: 'all' | 'uniform' | 'priority' | 'adaptive'
  /** While the budget does not demand less. */
  readonly rate: SamplingRate
}

export const recordEverything: Sampling = { mode: 'all', rate: recordAll }

export const samplingExpected = 'all, adaptive, uniform:SHARE or priority:SHARE with a share such as 0.1'

const smallestShare = 1e-4

/** `all`, `adaptive`, `uniform:0.1`, `priority:0.1`; the share of `priority` is 0.1 unless told. */
export const parseSampling = (text: string): Sampling | undefined => {
  const [mode, share, ...more] = text.toLowerCase().split(':')
  if (more.length > 0) return undefined
  if (mode === 'all' || mode === 'adaptive')
    return share === undefined ? { mode, rate: recordAll } : undefined
  if (mode !== 'uniform' && mode !== 'priority') return undefined
  const kept = share === undefined && mode === 'priority' ? 0.1 : Number(share)
  if (!(kept >= smallestShare && kept <= 1)) return undefined
  return { mode, rate: { keepOneOf: Math.round(1 / kept), importantInFull: mode === 'priority' } }
}
