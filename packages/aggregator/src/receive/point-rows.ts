import {
  agentIdentity,
  type ExponentialHistogramPoint,
  type MetricHeader,
  type MetricSink,
  type PointHeader,
  temporality,
} from '@perfmon/core'
import type { Series } from '@perfmon/protocol'
import type { AgentStreams, PointFamily, Stream } from './agent-streams.ts'
import { emptyReport, pushReportRow, type Report } from './report-rows.ts'

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
  /** The streams of an agent, to be found in the order in which its last request had them. */
  readonly streamsOf: (agentId: string) => AgentStreams
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

/**
 * Collects a request as rows. Nothing but the series table changes while decoding, so that a body which turns
 * out malformed half-way leaves nothing behind (its new series are truncated by the caller).
 */
export function createPointRows(options: PointRowsOptions): PointRows {
  const { streamsOf, nowMs, admits, futureWindowMs = defaultFutureWindowMs } = options
  const reports: Report[] = []
  const reasons = new Set<string>()
  let refusedPoints = 0
  let overLimitPoints = 0
  let endedPoints = 0
  let overflowPoints = 0
  let report: Report | undefined
  let header: MetricHeader | undefined
  let streams: AgentStreams | undefined
  let stream: Stream | undefined
  let isDelta = 0
  // What the sender told in a better way already.
  let isSecondHand = false
  const joined = new Map<string, Report>()

  function refuse(points: number, reason: string) {
    refusedPoints += points
    if (reasons.size < maxReasons) reasons.add(reason)
  }

  function isUsable(point: PointHeader): boolean {
    if (!report || !header) {
      refuse(1, 'The limit of agents is reached; raise limits.agents.')
      return false
    }
    if (isSecondHand) return false
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
    return true
  }

  function push(series: Series, point: PointHeader, value: number, delta = isDelta) {
    pushReportRow(report!, series.id, point.startMs, point.timeMs, value, delta)
  }

  function overLimit() {
    overLimitPoints += 1
    refuse(
      1,
      `${header!.name}: the limit of series is reached; send fewer attribute values or raise limits.series.`,
    )
  }

  /** The series of a point, found or made; null, and the point refused, where there is no room for them. */
  function familyOf(point: PointHeader): PointFamily | null {
    const family = stream!.family(point.attributes)
    if (family === null) overLimit()
    else if (family.isOverflow) overflowPoints += 1
    return family
  }

  function hasTemporality(): boolean {
    if (header!.temporality !== temporality.unspecified) return true
    refuse(1, `${header!.name}: its aggregation temporality is unspecified.`)
    return false
  }

  function countAndSum(point: PointHeader & { count: number; sum: number | undefined }): PointFamily | null {
    const family = familyOf(point)
    if (family === null) return null
    push(family.main, point, point.count)
    // A histogram that recorded an infinity has such a sum for ever; its count and buckets are still true.
    if (point.sum === undefined || !Number.isFinite(point.sum)) return family
    const sum = stream!.sumOf(family)
    if (sum === null) overLimit()
    else push(sum, point, point.sum)
    return family
  }

  const sink: MetricSink = {
    resource(attributes, joins = false) {
      const agent = agentIdentity(attributes)
      header = undefined
      stream = undefined
      if (!admits(agent.id)) {
        report = undefined
        return
      }
      streams = streamsOf(agent.id)
      const begun = joins ? joined.get(agent.id) : undefined
      if (begun !== undefined) {
        report = begun
        return
      }
      report = streams.spare ?? emptyReport(agent)
      streams.spare = null
      report.agent = agent
      report.count = 0
      reports.push(report)
      if (joins) joined.set(agent.id, report)
    },
    metric(next) {
      header = next
      isSecondHand =
        report !== undefined && next.source !== undefined && !streams!.accepts(next.name, next.source)
      stream = report && streams!.stream(next)
      isDelta = next.temporality === temporality.delta && next.kind !== 'gauge' ? 1 : 0
    },
    number(point, value) {
      if (!isUsable(point)) return
      if (!Number.isFinite(value)) return refuse(1, `${header!.name}: ${value} is not a number to store.`)
      if (header!.kind === 'sum' && !hasTemporality()) return
      const family = familyOf(point)
      if (family !== null) push(family.main, point, value)
    },
    histogram(point) {
      if (!isUsable(point) || !hasTemporality()) return
      const { bounds, bucketCounts } = point
      const family = countAndSum(point)
      if (family === null || bucketCounts.length === 0) return
      if (!stream!.divide(family, point.attributes, bounds)) return overLimit()
      let below = 0
      for (let i = 0; i < bounds.length; i++) {
        below += bucketCounts[i]!
        push(family.parts[i]!, point, below)
      }
    },
    exponentialHistogram(point) {
      if (!isUsable(point) || !hasTemporality()) return
      const fault = exponentialFault(point)
      if (fault === undefined) countAndSum(point)
      else refuse(1, `${header!.name}: ${fault}`)
    },
    summary(point) {
      if (!isUsable(point)) return
      const family = countAndSum(point)
      if (family === null || point.quantiles.length === 0) return
      const { quantiles } = point
      if (
        !stream!.divide(
          family,
          point.attributes,
          quantiles.map(({ quantile }) => quantile),
        )
      )
        return overLimit()
      for (let i = 0; i < quantiles.length; i++) {
        const { value } = quantiles[i]!
        // A summary that saw nothing lately has NaN here: no value, and no fault of the sender's.
        if (Number.isFinite(value)) push(family.parts[i]!, point, value, 0)
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

/** Scales that the specification lets an SDK use are -10 to 20; beyond them no index has a bound that is a number. */
function exponentialFault({ scale, positive, negative }: ExponentialHistogramPoint): string | undefined {
  if (scale < -10 || scale > 20) return `scale ${scale} of an exponential histogram is not within -10 and 20.`
  const isFar = ({ offset, counts }: ExponentialHistogramPoint['positive']) =>
    counts.length > 0 && Math.max(Math.abs(offset), Math.abs(offset + counts.length)) * 2 ** -scale > 1_100
  // Doubles end at 2^1024 and 2^-1074.
  return isFar(positive) || isFar(negative) ? 'a bucket lies beyond all numbers.' : undefined
}
