import type { LiveServerMessage } from '@perfmon/protocol'

/**
 * One frame of the live feed as a message; `null` when it is none (not JSON, or not shaped like one we
 * know). Light on purpose: the feed comes from our own origin, and a full schema costs 15 KB and 10 ms per
 * large snapshot.
 */
export function readLiveMessage(frame: unknown): LiveServerMessage | null {
  if (typeof frame !== 'string') return null
  let message: unknown
  try {
    message = JSON.parse(frame)
  } catch {
    return null
  }
  return isLiveMessage(message) ? message : null
}

function isLiveMessage(message: unknown): message is LiveServerMessage {
  if (typeof message !== 'object' || message === null) return false
  const { type, nowMs, agents, alerts, health, ingest, vitals, sparklines, protocol } = message as Record<
    string,
    unknown
  >
  if (typeof nowMs !== 'number') return false
  if (type === 'hello') return typeof protocol === 'number'
  if (!Array.isArray(agents) || !Array.isArray(alerts) || !isObject(health) || !isObject(ingest)) return false
  if (type === 'snapshot') return isObject(sparklines)
  return type === 'metrics:update' && isObject(vitals)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
