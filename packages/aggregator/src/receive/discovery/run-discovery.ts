import type { Logger } from '../../system/logger.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { mergeTargets } from './merge-targets.ts'
import type { Target } from './target.ts'

export interface DiscoveryOptions {
  /** In order of precedence: the labels of an earlier one win. */
  readonly sources: readonly DiscoverySource[]
  /** Most agents polled by address; what is beyond is left out and counted. */
  readonly maxAgents: number
  readonly add: (target: Target) => void
  readonly remove: (url: string) => void
  readonly logger: Logger
}

export interface SourceStats {
  readonly kind: DiscoverySource['kind']
  readonly name: string
  readonly targets: number
  readonly failures: number
  readonly leftOut: number
}

export interface Discovery {
  stats(): { readonly sources: readonly SourceStats[]; readonly leftOut: number }
  close(): void
}

/** Agents come and go as the sources say. An agent that two sources tell of goes when both no longer do. */
export function runDiscovery({ sources, maxAgents, add, remove, logger }: DiscoveryOptions): Discovery {
  const told = new Map<DiscoverySource, readonly Target[]>(sources.map((source) => [source, []]))
  let polled: ReadonlyMap<string, Target> = new Map()
  let leftOut = 0

  function settle() {
    const merged = mergeTargets(told.values(), maxAgents)
    for (const url of polled.keys()) if (!merged.targets.has(url)) remove(url)
    for (const [url, target] of merged.targets) {
      if (!isSame(polled.get(url), target)) add(target)
    }
    polled = merged.targets
    if (merged.leftOut > 0 && leftOut === 0) {
      const { leftOut: over } = merged
      logger.warn(
        { leftOut: over, maxAgents },
        'more agents were discovered than may be polled: poll.max_agents',
      )
    }
    leftOut = merged.leftOut
  }

  const stops = sources.map((source) =>
    source.watch((targets) => {
      told.set(source, targets)
      logger.info({ source: source.kind, place: source.name, targets: targets.length }, 'agents discovered')
      settle()
    }),
  )
  return {
    stats: () => ({
      sources: sources.map((source) => ({
        kind: source.kind,
        name: source.name,
        targets: told.get(source)!.length,
        ...source.stats(),
      })),
      leftOut,
    }),
    close() {
      for (const stop of stops) stop()
    },
  }
}

function isSame(one: Target | undefined, other: Target): boolean {
  if (!one || one.isMaybe !== other.isMaybe) return false
  const labels = Object.entries(other.labels)
  return (
    labels.length === Object.keys(one.labels).length &&
    labels.every(([key, value]) => one.labels[key] === value)
  )
}
