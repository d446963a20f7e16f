import type { Sparkline, SparklineVital } from '@perfmon/protocol'

/** What a sparkline shows: five minutes in steps of five seconds. */
export const sparklineSteps = 60
export const sparklineStepMs = 5_000

export const sparklineVitals: readonly SparklineVital[] = [
  'cpu',
  'memory',
  'responseTime',
  'errorRate',
  'requestRate',
]

/**
 * The last minutes of every agent's vital signs, in memory, for screens that show them all at once. A step
 * holds the worst value that fell into it: a spike must not vanish because its neighbours were calm.
 */
export interface VitalHistory {
  add(agentId: string, vital: SparklineVital, timeMs: number, value: number): void
  read(agentId: string, nowMs: number): Partial<Record<SparklineVital, Sparkline>>
  forget(agentId: string): void
}

interface Ring {
  readonly values: Float32Array
  /** Number of the newest step written, counted from the epoch. */
  newestStep: number
}

export function createVitalHistory(): VitalHistory {
  const rings = new Map<string, Map<SparklineVital, Ring>>()

  function ringOf(agentId: string, vital: SparklineVital): Ring {
    let ofAgent = rings.get(agentId)
    if (!ofAgent) {
      ofAgent = new Map()
      rings.set(agentId, ofAgent)
    }
    let ring = ofAgent.get(vital)
    if (!ring) {
      ring = { values: new Float32Array(sparklineSteps).fill(Number.NaN), newestStep: 0 }
      ofAgent.set(vital, ring)
    }
    return ring
  }

  return {
    add(agentId, vital, timeMs, value) {
      const ring = ringOf(agentId, vital)
      const step = Math.floor(timeMs / sparklineStepMs)
      if (step <= ring.newestStep - sparklineSteps) return
      if (step > ring.newestStep) {
        const skipped = Math.min(step - ring.newestStep, sparklineSteps)
        for (let i = 0; i < skipped; i++) ring.values[(step - i) % sparklineSteps] = Number.NaN
        ring.newestStep = step
      }
      const index = step % sparklineSteps
      const before = ring.values[index]!
      ring.values[index] = Number.isNaN(before) ? value : Math.max(before, value)
    },
    read(agentId, nowMs) {
      const lines: Partial<Record<SparklineVital, Sparkline>> = {}
      const lastStep = Math.floor(nowMs / sparklineStepMs)
      const firstStep = lastStep - sparklineSteps + 1
      for (const [vital, ring] of rings.get(agentId) ?? []) {
        const values: (number | null)[] = []
        for (let step = firstStep; step <= lastStep; step++) {
          const isKept = step <= ring.newestStep && step > ring.newestStep - sparklineSteps
          const value = isKept ? ring.values[step % sparklineSteps]! : Number.NaN
          values.push(Number.isNaN(value) ? null : Number(value.toPrecision(4)))
        }
        lines[vital] = { startMs: firstStep * sparklineStepMs, stepMs: sparklineStepMs, values }
      }
      return lines
    },
    forget: (agentId) => void rings.delete(agentId),
  }
}
