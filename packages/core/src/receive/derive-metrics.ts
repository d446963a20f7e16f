import { type AttributeValue, attributeNames } from '@perfmon/protocol'
import type { AgentRecord, RecordSink } from './agent-record.ts'
import { bucketBounds, type Derivation, quietPrefixes, type RecordRule, recordRules } from './derive-table.ts'
import { type AttributeList, type MetricSink, temporality } from './metric-sink.ts'
import { nativeSenderOf, sessionResource } from './native-senders.ts'

/** Of one request; a body of a thousand events has some ten. */
const maxDerived = 2_000
const longestText = 128

interface Derived {
  readonly derivation: Derivation
  readonly attributes: AttributeList
  timeMs: number
  count: number
  sum: number
  readonly buckets: number[]
}

export interface DerivedMetrics {
  readonly sink: RecordSink
  /** Tells everything that was heard, as increases; to be called once, at the end. */
  tell(metrics: MetricSink): void
  /** Records out of which a number was made. */
  readonly used: number
  /** Records of agents' programs that tell no number. */
  readonly quiet: number
  /** Records that nobody here knows. */
  readonly unknown: number
}

/**
 * Numbers out of agents' events and spans, as a span-metrics connector makes them: added up over one request, one
 * point per agent, metric and attribute set, at the time of its newest record. A request that is sent again has the
 * same points at the same times, so it counts once.
 */
export function createDerivedMetrics(source: 'event' | 'span'): DerivedMetrics {
  const agents = new Map<string, { resource: AttributeList; derived: Map<string, Derived> }>()
  let resource: AttributeList = []
  let size = 0
  const counts = { used: 0, quiet: 0, unknown: 0 }

  function derivedOf(record: AgentRecord) {
    const sender = nativeSenderOf(resource)
    const own = sender ? sessionResource(sender, resource, record.attributes) : resource
    const key = JSON.stringify(own)
    let agent = agents.get(key)
    if (agent === undefined) {
      agent = { resource: own, derived: new Map() }
      agents.set(key, agent)
    }
    return agent.derived
  }

  function add(record: AgentRecord, rule: RecordRule, values: Map<string, AttributeValue>) {
    const failed = failureOf(record, rule, values)
    for (const derivation of rule.derive) {
      const value = numberOf(derivation, record, values)
      if (value === undefined) continue
      const attributes = attributesOf(derivation, values)
      if (failed !== undefined && derivation.kind === 'histogram')
        attributes.push([attributeNames.errorType, failed])
      const derived = derivedOf(record)
      const key = JSON.stringify([derivation.metric, attributes])
      let total = derived.get(key)
      if (total === undefined) {
        if (size === maxDerived) continue
        size += 1
        const bounds = bucketBounds[derivation.unit] ?? []
        total = {
          derivation,
          attributes,
          timeMs: 0,
          count: 0,
          sum: 0,
          buckets: Array(bounds.length + 1).fill(0),
        }
        derived.set(key, total)
      }
      total.timeMs = Math.max(total.timeMs, record.timeMs)
      total.count += 1
      total.sum += value
      const bounds = bucketBounds[derivation.unit] ?? []
      const bucket = bounds.findIndex((bound) => value <= bound)
      total.buckets[bucket < 0 ? bounds.length : bucket]! += 1
    }
  }

  const sink: RecordSink = {
    resource(attributes) {
      resource = attributes
    },
    record(record) {
      const values = new Map(record.attributes)
      const name = nameOf(record, values)
      const rule = recordRules.find((candidate) => fits(candidate, record, name, values))
      if (rule !== undefined && record.timeMs > 0) {
        counts.used += 1
        add(record, rule, values)
      } else if (quietPrefixes.some((prefix) => name.startsWith(prefix))) counts.quiet += 1
      else counts.unknown += 1
    },
  }

  return {
    sink,
    tell(metrics) {
      for (const { resource: own, derived } of agents.values()) {
        metrics.resource(own, true)
        for (const total of derived.values()) tellOne(metrics, total, source)
      }
    },
    get used() {
      return counts.used
    },
    get quiet() {
      return counts.quiet
    },
    get unknown() {
      return counts.unknown
    },
  }
}

function tellOne(
  metrics: MetricSink,
  { derivation, attributes, timeMs, count, sum, buckets }: Derived,
  source: 'event' | 'span',
): void {
  const { metric: name, unit } = derivation
  const point = { attributes, startMs: 0, timeMs, noRecordedValue: false }
  const isCounter = derivation.kind === 'counter'
  metrics.metric({
    name,
    unit,
    kind: isCounter ? 'sum' : 'histogram',
    temporality: temporality.delta,
    monotonic: isCounter,
    source,
  })
  if (isCounter) metrics.number(point, sum)
  else metrics.histogram({ ...point, count, sum, bounds: bucketBounds[unit] ?? [], bucketCounts: buckets })
}

/** Events name themselves in a field of their own, an attribute, or their text; without the sender's prefix at times. */
function nameOf({ name, body }: AgentRecord, values: ReadonlyMap<string, AttributeValue>): string {
  const event = name || String(values.get('event.name') ?? '')
  return body.endsWith(event) && body.includes('.') ? body : event
}

function fits(
  { event, span, where = {} }: RecordRule,
  { durationMs }: AgentRecord,
  name: string,
  values: ReadonlyMap<string, AttributeValue>,
): boolean {
  const isSpan = !Number.isNaN(durationMs)
  if ((event === undefined) !== isSpan) return false
  if (event !== undefined && event !== name) return false
  if (span !== undefined && span !== name) return false
  return Object.entries(where).every(([key, wanted]) => wanted.includes(String(values.get(key) ?? '')))
}

function failureOf(
  { isError }: AgentRecord,
  { isFailure = false, failedWhere = {}, failure = [] }: RecordRule,
  values: ReadonlyMap<string, AttributeValue>,
): string | undefined {
  const isFailed =
    isFailure ||
    isError ||
    values.has(attributeNames.errorType) ||
    Object.entries(failedWhere).some(([key, wanted]) => wanted.includes(String(values.get(key) ?? '')))
  if (!isFailed) return undefined
  const why = failure.map((key) => values.get(key)).find((value) => value !== undefined && value !== '')
  // An error's text may quote anything; a type is a word.
  return why !== undefined && /^[\w.:-]{1,64}$/.test(String(why)) ? String(why) : '_OTHER'
}

/** Several senders write numbers as text. */
function numberOf(
  { value, scale = 1, unit, adds = false }: Derivation,
  { durationMs }: AgentRecord,
  values: ReadonlyMap<string, AttributeValue>,
): number | undefined {
  if (value === undefined) return 1
  if (value === 'duration') return durationMs >= 0 && unit === 's' ? durationMs / 1_000 : undefined
  let sum: number | undefined
  for (const key of value) {
    const given = values.get(key)
    if (given === undefined || given === '' || typeof given === 'boolean') continue
    const number = Number(given)
    if (!Number.isFinite(number) || number < 0) continue
    sum = (sum ?? 0) + number * scale
    if (!adds) break
  }
  return sum
}

function attributesOf(
  { attributes = {}, set = {} }: Derivation,
  values: ReadonlyMap<string, AttributeValue>,
): [string, AttributeValue][] {
  const chosen = new Map<string, AttributeValue>(Object.entries(set))
  for (const [from, to] of Object.entries(attributes)) {
    const value = values.get(from)
    if (value === undefined || value === '' || chosen.has(to)) continue
    chosen.set(to, typeof value === 'string' ? value.slice(0, longestText) : value)
  }
  return [...chosen]
}
