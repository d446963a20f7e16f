import { aiAttributeNames, aiMetricNames, attributeNames, type Series } from '@perfmon/protocol'
import type { SampleBatch } from '../../store/store.ts'
import { type CollectedPoint, type Collector, gauge } from './collector.ts'
import type { CollectorLevel } from './collector-settings.ts'

export interface NeuralCollectorOptions {
  readonly level: CollectorLevel
  /** Series from before the start. */
  readonly stored: Iterable<Series>
  readonly onSamples: (listener: (batch: SampleBatch) => void) => void
  readonly seriesById: (id: number) => Series | undefined
  readonly swarmOf: (agentId: string) => string | undefined
}

const mostSwarms = 100
/** Series whose last value is remembered; beyond it series are left out. */
const mostSeries = 100_000

type Role = 'operations' | 'seconds' | 'errors' | 'input' | 'output' | 'cost'

/**
 * Inference of each swarm as a whole: model calls, tokens, cost per second and the mean duration, added up from what
 * agents reported and was stored since the last time. Nothing is measured anew. Agents report every few seconds: a
 * window without a report has a rate of zero, the mean over some windows is right.
 */
export function neuralCollector({
  level,
  stored,
  onSamples,
  seriesById,
  swarmOf,
}: NeuralCollectorOptions): Collector {
  const last = new Map<number, number>()
  const roles = new Map<number, readonly Role[]>()
  const swarms = new Map<string, Record<Role, number>>()

  function meet(series: Series) {
    const found = rolesOf(series)
    if (found.length > 0 && roles.size < mostSeries) roles.set(series.id, found)
  }
  for (const series of stored) meet(series)

  onSamples(({ newSeries, seriesIds, values }) => {
    for (const series of newSeries) meet(series)
    if (roles.size === 0) return
    for (let i = 0; i < seriesIds.length; i++) {
      const id = seriesIds[i]!
      const counted = roles.get(id)
      if (!counted) continue
      const agentId = seriesById(id)?.agentId
      if (agentId === undefined) {
        roles.delete(id)
        last.delete(id)
        continue
      }
      const before = last.get(id)
      const value = values[i]!
      last.set(id, value)
      // The first value may be of a long time; a smaller one is a counter that began anew.
      const growth = before === undefined ? 0 : value >= before ? value - before : value
      const sums = sumsOf(swarmOf(agentId))
      if (sums && growth > 0) for (const role of counted) sums[role] += growth
    }
  })

  function sumsOf(swarm: string | undefined): Record<Role, number> | undefined {
    if (swarm === undefined) return undefined
    let sums = swarms.get(swarm)
    if (!sums && swarms.size < mostSwarms) {
      sums = nothing()
      swarms.set(swarm, sums)
    }
    return sums
  }

  return {
    collect(elapsedMs) {
      if (Number.isNaN(elapsedMs)) return []
      const seconds = elapsedMs / 1_000
      const points: CollectedPoint[] = []
      for (const [swarm, sums] of swarms) {
        const attributes = { 'perfmon.swarm': swarm }
        const tell = (name: string, unit: string, value: number) =>
          points.push(gauge(`perfmon.swarm.inference.${name}`, unit, value, attributes))
        tell('operation.rate', '{operation}/s', sums.operations / seconds)
        tell('token.rate', '{token}/s', (sums.input + sums.output) / seconds)
        if (level !== 'minimal') {
          if (sums.operations > 0) {
            tell('operation.duration', 's', sums.seconds / sums.operations)
            tell('error.ratio', '1', Math.min(1, sums.errors / sums.operations))
          }
          tell('cost.rate', '{USD}/s', sums.cost / seconds)
        }
        if (level === 'detailed') {
          tell('token.input.rate', '{token}/s', sums.input / seconds)
          tell('token.output.rate', '{token}/s', sums.output / seconds)
        }
        Object.assign(sums, nothing())
      }
      return points
    },
  }
}

const nothing = (): Record<Role, number> => ({
  operations: 0,
  seconds: 0,
  errors: 0,
  input: 0,
  output: 0,
  cost: 0,
})

function rolesOf({ metric, part, attributes }: Series): readonly Role[] {
  if (metric === aiMetricNames.operationDuration) {
    if (part === 'sum') return ['seconds']
    if (part !== 'count') return []
    return attributes[attributeNames.errorType] === undefined ? ['operations'] : ['operations', 'errors']
  }
  if (metric === aiMetricNames.tokenUsage && (part === 'sum' || part === 'value'))
    return [attributes[aiAttributeNames.tokenType] === 'output' ? 'output' : 'input']
  return metric === aiMetricNames.cost && (part === 'value' || part === 'sum') ? ['cost'] : []
}
