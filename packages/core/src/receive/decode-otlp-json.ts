import { readAttributes } from './decode-attributes-json.ts'
import { refuseInflatingJson } from './decode-json-guard.ts'
import {
  type JsonObject,
  type JsonPlace,
  malformed,
  readArray,
  readFlag,
  readObject,
  readText,
} from './decode-json-values.ts'
import {
  readExponentialHistogramPoint,
  readHistogramPoint,
  readNumberPoint,
  readSummaryPoint,
} from './decode-points-json.ts'
import { refusal } from './decode-refusal.ts'
import { MalformedBody, type MetricHeader, type MetricSink, temporality } from './metric-sink.ts'

/**
 * Reads an ExportMetricsServiceRequest in OTLP's JSON (lowerCamelCase names, integer enums, 64-bit integers
 * as numbers or strings; opentelemetry-proto 1.11, "JSON Protobuf Encoding") and tells `sink` what is in
 * it, just as the protobuf decoder does. Unknown fields are ignored.
 *
 * Throws MalformedBody with the path of the mistake, as in
 * `resourceMetrics[0].scopeMetrics[0].metrics[2].sum.dataPoints[0].asInt must be an integer ...`; the sink has
 * then heard a part of the body and must forget it.
 */
export function decodeOtlpMetricsJson(text: string, sink: MetricSink): void {
  refuseInflatingJson(text)
  const body = parseJson(text)
  const place: JsonPlace = []
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new MalformedBody('The body must be a JSON object.', 0)
  }
  forEachObject(place, 'resourceMetrics', (body as JsonObject).resourceMetrics, (resourceMetrics) => {
    const resource = readObject(place, 'resource', resourceMetrics.resource)
    place.push('resource')
    const attributes = readAttributes(place, resource?.attributes)
    place.length -= 1
    sink.resource(attributes)
    forEachObject(place, 'scopeMetrics', resourceMetrics.scopeMetrics, (scopeMetrics) => {
      const scope = readText(place, 'scope.name', readObject(place, 'scope', scopeMetrics.scope)?.name)
      forEachObject(place, 'metrics', scopeMetrics.metrics, (metric) =>
        readMetric(place, metric, scope, sink),
      )
    })
  })
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // V8's own message quotes the body, which is hostile text; only the position is taken from it.
    const position = /at position (\d+)/.exec(String(error))?.[1]
    const offset = position === undefined ? undefined : Number(position)
    const where = offset === undefined ? '' : ` (position ${offset})`
    throw new MalformedBody(`The body is not valid JSON${where}.`, offset)
  }
}

/** Calls `visit` for each object of an array; an entry that is null is an empty message. */
function forEachObject(
  place: JsonPlace,
  field: string,
  value: unknown,
  visit: (object: JsonObject) => void,
): void {
  const list = readArray(place, field, value)
  place.push(field)
  for (let index = 0; index < list.length; index++) {
    const object = readObject(place, index, list[index])
    if (object === undefined) throw malformed(place, index, 'an object')
    place.push(index)
    visit(object)
    place.length -= 1
  }
  place.length -= 1
}

const kindByField = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  exponentialHistogram: 'exponential-histogram',
  summary: 'summary',
} as const satisfies Record<string, MetricHeader['kind']>

const readPointOf = {
  gauge: readNumberPoint,
  sum: readNumberPoint,
  histogram: readHistogramPoint,
  exponentialHistogram: readExponentialHistogramPoint,
  summary: readSummaryPoint,
} as const

type DataField = keyof typeof kindByField
const dataFields = Object.keys(kindByField) as readonly DataField[]

function readMetric(place: JsonPlace, metric: JsonObject, scope: string, sink: MetricSink): void {
  const name = readText(place, 'name', metric.name)
  const unit = readText(place, 'unit', metric.unit)
  const field = dataFields.find((candidate) => metric[candidate] !== undefined && metric[candidate] !== null)
  if (field === undefined) {
    const points = pointsOfUnknownKind(metric)
    if (points > 0) sink.refused(name, points, refusal.unknownKind)
    return
  }
  const data = readObject(place, field, metric[field])!
  place.push(field)
  const header: MetricHeader = {
    name,
    unit,
    scope,
    kind: kindByField[field],
    temporality: readTemporality(place, data.aggregationTemporality),
    monotonic: readFlag(place, 'isMonotonic', data.isMonotonic),
  }
  sink.metric(header)
  forEachObject(place, 'dataPoints', data.dataPoints, (point) =>
    readPointOf[field](place, point, header, sink),
  )
  place.length -= 1
}

function readTemporality(place: JsonPlace, value: unknown): MetricHeader['temporality'] {
  if (value === 1 || value === 2) return value
  if (value === undefined || value === null || typeof value === 'number') return temporality.unspecified
  throw malformed(place, 'aggregationTemporality', '1 (delta) or 2 (cumulative), not the name of an enum')
}

function pointsOfUnknownKind(metric: JsonObject): number {
  for (const value of Object.values(metric)) {
    const points = (value as JsonObject | null | undefined)?.dataPoints
    if (Array.isArray(points)) return points.length
  }
  return 0
}
