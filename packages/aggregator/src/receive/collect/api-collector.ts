import type { Server } from 'node:http'
import { type Collector, gauge } from './collector.ts'
import type { CollectorLevel } from './collector-settings.ts'

/**
 * How the aggregator's own API answers: requests that ended since the last time. Requests are measured where they pass
 * anyway; a moment without any has a rate and no duration.
 */
export function apiCollector({ level, server }: { level: CollectorLevel; server: Server }): Collector {
  let window = emptyWindow()
  let active = 0
  server.on('request', (_request, response) => {
    const beganMs = performance.now()
    active += 1
    response.once('close', () => {
      active -= 1
      const seconds = (performance.now() - beganMs) / 1_000
      window.requests += 1
      window.seconds += seconds
      window.longest = Math.max(window.longest, seconds)
      // Not the client's fault, as semantic conventions count for servers.
      if (response.statusCode >= 500) window.errors += 1
    })
  })
  return {
    collect(elapsedMs) {
      const { requests, seconds, longest, errors } = window
      window = emptyWindow()
      if (Number.isNaN(elapsedMs)) return []
      const points = [
        gauge('perfmon.aggregator.api.request.rate', '{request}/s', (requests * 1_000) / elapsedMs),
      ]
      if (requests > 0) {
        points.push(
          gauge('perfmon.aggregator.api.response.duration', 's', seconds / requests),
          gauge('perfmon.aggregator.api.error.ratio', '1', errors / requests),
        )
      }
      if (level === 'minimal') return points
      points.push(gauge('perfmon.aggregator.api.request.active', '{request}', active))
      if (level === 'detailed' && requests > 0)
        points.push(gauge('perfmon.aggregator.api.response.duration.max', 's', longest))
      return points
    },
  }
}

const emptyWindow = () => ({ requests: 0, seconds: 0, longest: 0, errors: 0 })
