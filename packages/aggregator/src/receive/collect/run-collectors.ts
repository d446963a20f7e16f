import { hostname } from 'node:os'
import { attributeNames } from '@perfmon/protocol'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Ingest } from '../ingest.ts'
import type { Collector } from './collector.ts'
import type { CollectorName, CollectorSettings } from './collector-settings.ts'

export interface CollectorsOptions {
  readonly settings: CollectorSettings
  readonly make: Readonly<Record<CollectorName, (level: CollectorSettings['level']) => Collector>>
  readonly ingest: Pick<Ingest, 'acceptCollected'>
  readonly clock: Clock
  readonly logger: Logger
}

export interface Collectors {
  stats(): Readonly<
    Record<string, { readonly collected: number; readonly failures: number; readonly skipped: number }>
  >
  close(): void
}

/** Swarm of the collectors' rows: theirs alone, because they are no agents. */
export const collectorSwarm = 'perfmon'

/**
 * Runs the collectors that are switched on, each at its own interval. A slot that comes while the last is still being
 * collected or stored is left out and counted.
 */
export function runCollectors({ settings, make, ingest, clock, logger }: CollectorsOptions): Collectors {
  const counts: Record<string, { collected: number; failures: number; skipped: number }> = {}
  const timers: NodeJS.Timeout[] = []
  for (const name of ['system', 'api', 'swarm', 'neural', 'memory'] as const) {
    const { enabled, interval, level = settings.level } = settings[name]
    if (!enabled) continue
    const collector = make[name](level)
    const counted = { collected: 0, failures: 0, skipped: 0 }
    counts[name] = counted
    const identity = {
      id: `perfmon.${name}`,
      name: `perfmon.${name}`,
      swarm: collectorSwarm,
      reportIntervalMs: interval,
      attributes: { [attributeNames.hostName]: hostname(), 'perfmon.collector.level': level },
    }
    let lastMs = Number.NaN
    let isRunning = false

    async function collect() {
      if (isRunning) {
        counted.skipped += 1
        return
      }
      isRunning = true
      try {
        const nowMs = clock.nowMs()
        const points = await collector.collect(nowMs - lastMs)
        lastMs = nowMs
        await ingest.acceptCollected(identity, points, nowMs)
        counted.collected += 1
      } catch (error) {
        counted.failures += 1
        if (counted.failures % 1_000 === 1) logger.warn({ err: error, collector: name }, 'a collector failed')
      } finally {
        isRunning = false
      }
    }
    timers.push(setInterval(() => void collect(), interval))
  }
  return {
    stats: () => counts,
    close() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}
