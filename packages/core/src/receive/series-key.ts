import type { AttributeValue, Series } from '@perfmon/protocol'
import type { AttributeList } from './metric-sink.ts'

/** Longest attribute value kept, in UTF-16 units; longer ones are cut, so that a prompt in an attribute cannot fill the store. */
const maxValueLength = 512
const maxKeyLength = 128
/** Most attributes of one series; OpenTelemetry's own default limit for attributes is 128. */
const maxAttributes = 128

/** Attributes sorted by key, bounded, the last of a repeated key kept: one spelling per set. */
export function canonicalAttributes(attributes: AttributeList): Record<string, AttributeValue> {
  const sorted = new Map<string, AttributeValue>()
  for (const [key, value] of attributes) {
    if (sorted.size === maxAttributes && !sorted.has(key)) continue
    const bounded =
      typeof value === 'string' && value.length > maxValueLength ? value.slice(0, maxValueLength) : value
    sorted.set(key.slice(0, maxKeyLength), bounded)
  }
  return Object.fromEntries([...sorted].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** Everything that tells a series from others; its id follows from it. */
export type SeriesIdentity = Omit<Series, 'id'>

/** One string per identity (OTLP data model, "stream identity"); attributes must be canonical. */
export function seriesKey(series: SeriesIdentity): string {
  const { agentId, scope, metric, unit, kind, part, attributes } = series
  return JSON.stringify([agentId, scope ?? '', metric, unit, kind, part, attributes])
}
