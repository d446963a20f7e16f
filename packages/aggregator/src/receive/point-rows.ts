import {
  type AgentIdentity,
  type AttributeList,
  agentIdentity,
  canonicalAttributes,
  type ExponentialHistogramPoint,
  type MetricHeader,
  type MetricSink,
  type PointHeader,
  temporality,
} from '@perfmon/core'
import type { AttributeValue, Series, SeriesKind, SeriesPart } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'

/** What one resource of a request said, as columns: row `i` is one number of one series. */
export interface Report {
  readonly agent: AgentIdentity
  readonly series: Series[]
  readonly startMs: number[]
  readonly timesMs: number[]
  readonly values: number[]
  /** 1 where the value is an increase (delta temporality), 0 where it is the value itself. */
  readonly isDelta: number[]
}

export interface PointRows {
  readonly sink: MetricSink
  readonly reports: readonly Report[]
  readonly refusedPoints: number
  /** Of them those for which there was no room among the series. */
  readonly overLimitPoints: number
  /** Points without a value that end their series (NO_RECORDED_VALUE). */
  readonly endedPoints: number
  /** Points that SDKs folded together because an instrument had too many attribute sets (`otel.metric.overflow`). */
  readonly overflowPoints: number
  /** Why points were refused, each reason once; for the sender's log. */
  readonly reasons: ReadonlySet<string>
}

export interface PointRowsOptions {
  readonly series: SeriesTable
  readonly nowMs: number
  /** Whether the agent is known or may still join. */
  readonly admits: (agentId: string) => boolean
  /** How far ahead of `nowMs` a point may lie. Default one minute. */
  readonly futureWindowMs?: number
}

/**
 * A sample from further ahead is a broken clock, and once stored it makes every later one of its series look old
 * until time catches up. A minute: clocks that are kept at all are within seconds of each other.
 */
export const defaultFutureWindowMs = 60_000
const maxReasons = 20
const maxScopeLength = 256

/**
 * Collects a request as rows. Nothing but the series table changes while decoding, so that a body which turns
 * out malformed half-way leaves nothing behind (its new series are truncated by the caller).
 */
export function createPointRows(options: PointRowsOptions): PointRows {
  const { series: table, nowMs, admits, futureWindowMs = defaultFutureWindowMs } = options
  const reports: Report[] = []
  const reasons = new Set<string>()
  let refusedPoints = 0
  let overLimitPoints = 0
  let endedPoints = 0
  let overflowPoints = 0
  let report: Report | undefined
  let header: MetricHeader | undefined
  // A histogram point becomes a dozen series; after its first time they are found by the id of its `count`.
  const bucketsOf = new Map<number, { bounds: readonly number[]; series: Series[] }>()

  function refuse(points: number, reason: string) {
    refusedPoints += points
    if (reasons.size < maxReasons) reasons.add(reason)
  }

  function isUsable(point: PointHeader): boolean {
    if (!report || !header) {
      refuse(1, 'A point came before its resource and metric.')
      return false
    }
    if (point.noRecordedValue) {
      endedPoints += 1
      return false
    }
    if (!(point.timeMs > 0)) {
      refuse(1, `${header.name}: a point has no time.`)
      return false
    }
    if (point.timeMs > nowMs + futureWindowMs) {
      const seconds = Math.round(futureWindowMs / 1_000)
      refuse(
        1,
        `${header.name}: a point lies more than ${seconds} s in the future; check the sender's clock.`,
      )
      return false
    }
    if (point.attributes.some(([key]) => key === overflowAttribute)) overflowPoints += 1
    return true
  }

  function resolve(
    part: SeriesPart,
    kind: SeriesKind,
    unit: string,
    attributes: Record<string, AttributeValue>,
  ) {
    const { name: metric, scope } = header!
    const identity = { agentId: report!.agent.id, metric, unit, kind, part, attributes }
    return table.resolve(scope ? { ...identity, scope: scope.slice(0, maxScopeLength) } : identity)
  }

  function push(series: Series, point: PointHeader, value: number, isDelta: boolean) {
    report!.series.push(series)
    report!.startMs.push(point.startMs)
    report!.timesMs.push(point.timeMs)
    report!.values.push(value)
    report!.isDelta.push(isDelta ? 1 : 0)
  }

  function overLimit() {
    overLimitPoints += 1
    refuse(
      1,
      `${header!.name}: the limit of series is reached; send fewer attribute values or raise limits.series.`,
    )
  }

  function add(
    point: PointHeader,
    part: SeriesPart,
    kind: SeriesKind,
    attributes: AttributeList,
    value: number,
  ) {
    const series = resolve(part, kind, part === 'count' ? '1' : header!.unit, canonicalAttributes(attributes))
    if (series) push(series, point, value, header!.temporality === temporality.delta && kind !== 'gauge')
    else overLimit()
    return series
  }

  function hasTemporality(points: number): boolean {
    if (header!.temporality !== temporality.unspecified) return true
    refuse(points, `${header!.name}: its aggregation temporality is unspecified.`)
    return false
  }

  function countAndSum(point: PointHeader & { count: number; sum: number | undefined }): Series | null {
    const counted = add(point, 'count', 'counter', point.attributes, point.count)
    // A histogram that recorded an infinity has such a sum for ever; its count and buckets are still true.
    if (counted && point.sum !== undefined && Number.isFinite(point.sum))
      add(point, 'sum', 'counter', point.attributes, point.sum)
    return counted
  }

  const sink: MetricSink = {
    resource(attributes) {
      const agent = agentIdentity(attributes)
      header = undefined
      if (!admits(agent.id)) {
        report = undefined
        return
      }
      report = { agent, series: [], startMs: [], timesMs: [], values: [], isDelta: [] }
      reports.push(report)
    },
    metric(next) {
      header = next
    },
    number(point, value) {
      if (!report) return refuse(1, 'The limit of agents is reached; raise limits.agents.')
      if (!isUsable(point)) return
      if (!Number.isFinite(value)) return refuse(1, `${header!.name}: ${value} is not a number to store.`)
      const isSum = header!.kind === 'sum'
      if (isSum && !hasTemporality(1)) return
      const kind = !isSum ? 'gauge' : header!.monotonic ? 'counter' : 'updown'
      add(point, 'value', kind, point.attributes, value)
    },
    histogram(point) {
      if (!report) return refuse(1, 'The limit of agents is reached; raise limits.agents.')
      if (!isUsable(point) || !hasTemporality(1)) return
      const { bounds, bucketCounts } = point
      if (bucketCounts.length !== 0 && bucketCounts.length !== bounds.length + 1) {
        return refuse(
          1,
          `${header!.name}: ${bucketCounts.length} buckets do not fit ${bounds.length} bounds.`,
        )
      }
      const counted = countAndSum(point)
      if (!counted || bucketCounts.length === 0) return
      let family = bucketsOf.get(counted.id)
      if (!family || !sameBounds(family.bounds, bounds)) {
        const attributes = canonicalAttributes(withoutReserved(point.attributes, 'le'))
        const series: Series[] = []
        for (const bound of bounds) {
          const bucket = resolve('bucket', 'counter', '1', { ...attributes, le: String(bound) })
          if (!bucket) return overLimit()
          series.push(bucket)
        }
        family = { bounds, series }
        bucketsOf.set(counted.id, family)
      }
      let below = 0
      for (let i = 0; i < bounds.length; i++) {
        below += bucketCounts[i]!
        push(family.series[i]!, point, below, header!.temporality === temporality.delta)
      }
    },
    exponentialHistogram(point) {
      if (!report) return refuse(1, 'The limit of agents is reached; raise limits.agents.')
      if (!isUsable(point) || !hasTemporality(1)) return
      const fault = exponentialFault(point)
      if (fault === undefined) countAndSum(point)
      else refuse(1, `${header!.name}: ${fault}`)
    },
    summary(point) {
      if (!report) return refuse(1, 'The limit of agents is reached; raise limits.agents.')
      if (!isUsable(point)) return
      countAndSum(point)
      const attributes = withoutReserved(point.attributes, 'quantile')
      for (const { quantile, value } of point.quantiles) {
        // A summary that saw nothing lately has NaN here: no value, and no fault of the sender's.
        if (Number.isFinite(value))
          add(point, 'value', 'gauge', [...attributes, ['quantile', String(quantile)]], value)
      }
    },
    refused(metric, points, reason) {
      refuse(points, `${metric}: ${reason}`)
    },
  }

  return {
    sink,
    reports,
    reasons,
    get refusedPoints() {
      return refusedPoints
    },
    get overLimitPoints() {
      return overLimitPoints
    },
    get endedPoints() {
      return endedPoints
    },
    get overflowPoints() {
      return overflowPoints
    },
  }
}

const overflowAttribute = 'otel.metric.overflow'

/** An attribute of the sender's own under a name that series parts use is kept under another, as Prometheus does. */
const withoutReserved = (attributes: AttributeList, name: string): AttributeList =>
  attributes.some(([key]) => key === name)
    ? attributes.map(([key, value]) => [key === name ? `exported_${name}` : key, value] as const)
    : attributes

/** Scales that the specification lets an SDK use are -10 to 20; beyond them no index has a bound that is a number. */
function exponentialFault({ scale, positive, negative }: ExponentialHistogramPoint): string | undefined {
  if (scale < -10 || scale > 20) return `scale ${scale} of an exponential histogram is not within -10 and 20.`
  const isFar = ({ offset, counts }: ExponentialHistogramPoint['positive']) =>
    counts.length > 0 && Math.max(Math.abs(offset), Math.abs(offset + counts.length)) * 2 ** -scale > 1_100
  // Doubles end at 2^1024 and 2^-1074.
  return isFar(positive) || isFar(negative) ? 'a bucket lies beyond all numbers.' : undefined
}

function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i])
}
