import { type AttributeList, canonicalAttributes, type MetricHeader, modernAttributes } from '@perfmon/core'
import type { AttributeValue, Series, SeriesKind, SeriesPart } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'
import type { Report } from './report-rows.ts'

/** The series that the points of one attribute set become. */
export interface PointFamily {
  /** The value of a number; the count of anything else. */
  readonly main: Series
  /** Made when a point with a sum first comes. */
  sum: Series | null
  /** Upper bounds of a histogram's buckets, or a summary's quantiles; the last that came. */
  bounds: readonly number[]
  /** One for each of `bounds`. */
  parts: readonly Series[]
  /** Several attribute sets that the sender's SDK folded into one. */
  readonly isOverflow: boolean
}

/** One metric of one agent and scope. */
export interface Stream {
  readonly header: MetricHeader
  readonly kind: SeriesKind
  /** The family of an attribute set, made when it is new; null when a limit of series is reached. */
  family(attributes: AttributeList): PointFamily | null
  /** The sum of a family, made when it is new; null when a limit of series is reached. */
  sumOf(family: PointFamily): Series | null
  /** Gives a family series for these bounds; false when a limit of series is reached. */
  divide(family: PointFamily, attributes: AttributeList, bounds: readonly number[]): boolean
  /** Begins a list of points: senders repeat the order of the last one. */
  rewind(): void
}

/** The streams of one agent. */
export interface AgentStreams {
  stream(header: MetricHeader): Stream
  /** Whether this source of a metric is as good as any that was heard of; the best one is remembered. */
  accepts(metric: string, source: MetricHeader['source']): boolean
  /** Begins a request. */
  rewind(): void
  /** The columns of a report that was taken, for the next one. */
  spare: Report | null
}

/** Positions remembered per stream: the default limit of series of an agent, twice. */
const maxPositions = 4_096
const maxStreams = 10_000
const maxScopeLength = 256
const ranks = { span: 1, event: 2, metric: 3 } as const
const overflowAttribute = 'otel.metric.overflow'

/**
 * From points to series without spelling an identity out for each: an agent sends the same metrics with the same
 * attribute sets in the same order again and again, so what came at this place last time is the first guess. The
 * protobuf decoder gives the very same list for the same bytes, and then the guess costs one comparison.
 */
export function createAgentStreams(agentId: string, table: SeriesTable): AgentStreams {
  const byName = new Map<string, Stream>()
  const order: Stream[] = []
  const sources = new Map<string, number>()
  let next = 0

  return {
    spare: null,
    accepts(metric, source) {
      const rank = ranks[source ?? 'metric']
      const best = sources.get(metric) ?? 0
      if (rank < best) return false
      if (rank > best && sources.size < maxStreams) sources.set(metric, rank)
      return true
    },
    rewind() {
      next = 0
    },
    stream(header) {
      const guess = order[next]
      let found = guess
      if (guess === undefined || !sameHeader(guess.header, header)) {
        const { name, unit, scope = '', kind, monotonic } = header
        const key = JSON.stringify([name, unit, scope, kind, monotonic])
        found = byName.get(key)
        if (found === undefined) {
          found = createStream(agentId, header, table)
          this.accepts(name, header.source)
          if (byName.size < maxStreams) byName.set(key, found)
        }
        if (next < maxStreams) order[next] = found
      }
      next += 1
      found!.rewind()
      return found!
    },
  }
}

const sameHeader = (a: MetricHeader, b: MetricHeader): boolean =>
  a.name === b.name &&
  a.unit === b.unit &&
  a.kind === b.kind &&
  a.monotonic === b.monotonic &&
  (a.scope ?? '') === (b.scope ?? '')

function createStream(agentId: string, header: MetricHeader, table: SeriesTable): Stream {
  const { name: metric, unit } = header
  const scope = header.scope?.slice(0, maxScopeLength)
  const isNumber = header.kind === 'gauge' || header.kind === 'sum'
  const kind: SeriesKind =
    header.kind === 'gauge' ? 'gauge' : isNumber && !header.monotonic ? 'updown' : 'counter'
  // What came at each place of the list last time.
  const lists: AttributeList[] = []
  const families: PointFamily[] = []
  const byId = new Map<number, PointFamily>()
  let next = 0

  function resolve(
    part: SeriesPart,
    seriesUnit: string,
    attributes: Record<string, AttributeValue>,
    as = kind,
  ) {
    const identity = { agentId, metric, unit: seriesUnit, kind: as, part, attributes }
    return table.resolve(scope ? { ...identity, scope } : identity)
  }
  // An agent that was forgotten, or a body that turned out malformed, takes its series with it.
  const isAlive = ({ main }: PointFamily) => table.byId(main.id) === main

  function find(attributes: AttributeList): PointFamily | null {
    const own = modernAttributes(metric, canonicalAttributes(attributes))
    const main = isNumber ? resolve('value', unit, own) : resolve('count', '1', own)
    if (main === null) return null
    const known = byId.get(main.id)
    if (known?.main === main) return known
    const isOverflow = attributes.some(([key]) => key === overflowAttribute)
    const made: PointFamily = { main, sum: null, bounds: [], parts: [], isOverflow }
    byId.set(main.id, made)
    return made
  }

  return {
    header,
    kind,
    rewind() {
      next = 0
    },
    family(attributes) {
      const at = next
      next += 1
      const guess = families[at]
      if (guess !== undefined && isAlive(guess)) {
        if (lists[at] === attributes) return guess
        if (sameList(lists[at]!, attributes)) {
          lists[at] = attributes
          return guess
        }
      }
      const family = find(attributes)
      if (family !== null && at < maxPositions) {
        lists[at] = attributes
        families[at] = family
      }
      return family
    },
    sumOf(family) {
      if (family.sum === null || table.byId(family.sum.id) !== family.sum)
        family.sum = resolve('sum', unit, family.main.attributes as Record<string, AttributeValue>)
      return family.sum
    },
    divide(family, attributes, bounds) {
      if (sameBounds(family.bounds, bounds) && family.parts.every((part) => table.byId(part.id) === part))
        return true
      const isSummary = header.kind === 'summary'
      const name = isSummary ? 'quantile' : 'le'
      const canonical = modernAttributes(metric, canonicalAttributes(withoutReserved(attributes, name)))
      const parts: Series[] = []
      for (const bound of bounds) {
        const own = { ...canonical, [name]: String(bound) }
        const part = isSummary ? resolve('value', unit, own, 'gauge') : resolve('bucket', '1', own)
        if (part === null) return false
        parts.push(part)
      }
      family.bounds = bounds
      family.parts = parts
      return true
    },
  }
}

function sameList(a: AttributeList, b: AttributeList): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    const one = a[i]!
    const other = b[i]!
    if (one[0] !== other[0] || one[1] !== other[1]) return false
  }
  return true
}

function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** An attribute of the sender's own under a name that series parts use is kept under another, as Prometheus does. */
const withoutReserved = (attributes: AttributeList, name: string): AttributeList =>
  attributes.some(([key]) => key === name)
    ? attributes.map(([key, value]) => [key === name ? `exported_${name}` : key, value] as const)
    : attributes
