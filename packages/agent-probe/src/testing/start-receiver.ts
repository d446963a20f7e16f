import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { gunzipSync } from 'node:zlib'

export interface ReceivedPoint {
  readonly attributes: Record<string, string | number | boolean>
  /** Of a gauge or sum; a histogram's count. */
  readonly value: number
  readonly sum?: number
  readonly startTimeUnixNano: string
}

export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  readonly kind: 'gauge' | 'sum' | 'histogram'
  readonly temporality: number | undefined
  readonly points: readonly ReceivedPoint[]
}

export interface ReceivedReport {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly resource: Record<string, string | number | boolean>
  readonly metrics: ReadonlyMap<string, ReceivedMetric>
}

export interface Receiver {
  readonly endpoint: string
  readonly reports: readonly ReceivedReport[]
  /** The first report, of those received and those to come, that satisfies. */
  report(satisfies: (report: ReceivedReport) => boolean): Promise<ReceivedReport>
  /** What to answer from now on. */
  answerWith(status: number, headers?: Record<string, string>, body?: string): void
  /** Everything received so far. */
  forget(): void
  close(): Promise<void>
}

interface JsonAttribute {
  key: string
  value: Record<string, string | number | boolean>
}
const plain = ({ value }: JsonAttribute) => {
  const [[type, content] = ['', '']] = Object.entries(value)
  return type === 'intValue' ? Number(content) : content
}
const record = (attributes: JsonAttribute[]) =>
  Object.fromEntries(attributes.map((attribute) => [attribute.key, plain(attribute)]))

interface JsonPoint {
  attributes: JsonAttribute[]
  asInt?: string | number
  asDouble?: number
  count?: string | number
  sum?: number
  startTimeUnixNano: string
}
interface JsonData {
  dataPoints: JsonPoint[]
  aggregationTemporality?: number
}
type JsonMetric = { name: string; unit: string } & Partial<Record<ReceivedMetric['kind'], JsonData>>

const readMetric = (metric: JsonMetric): ReceivedMetric => {
  const kind = (['gauge', 'sum', 'histogram'] as const).find((known) => metric[known] !== undefined)!
  const { dataPoints, aggregationTemporality } = metric[kind]!
  return {
    name: metric.name,
    unit: metric.unit,
    kind,
    temporality: aggregationTemporality,
    points: dataPoints.map((point) => ({
      attributes: record(point.attributes),
      value: Number(point.asInt ?? point.asDouble ?? point.count),
      ...(point.sum !== undefined && { sum: point.sum }),
      startTimeUnixNano: point.startTimeUnixNano,
    })),
  }
}

const readReport = (headers: IncomingHttpHeaders, sent: Buffer): ReceivedReport => {
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
  if (headers['content-type'] !== 'application/json')
    return { headers, body, resource: {}, metrics: new Map() }
  const [{ resource, scopeMetrics }] = JSON.parse(body.toString()).resourceMetrics
  const metrics = scopeMetrics.flatMap((scope: { metrics: JsonMetric[] }) => scope.metrics.map(readMetric))
  return {
    headers,
    body,
    resource: record(resource.attributes),
    metrics: new Map(metrics.map((metric: ReceivedMetric) => [metric.name, metric])),
  }
}

/** A small OTLP/HTTP receiver that understands JSON and remembers everything. */
export const startReceiver = async ({
  port = 0,
  tls,
}: {
  port?: number
  /** Given, it speaks https. */
  tls?: TlsOptions
} = {}): Promise<Receiver> => {
  const reports: ReceivedReport[] = []
  const waiting = new Set<() => void>()
  let answer = { status: 200, headers: {}, body: '' }
  const take: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(answer.status, {
        'content-type': request.headers['content-type'],
        ...answer.headers,
      })
      response.end(answer.body)
      if (answer.status !== 200 || request.url !== '/v1/metrics') return
      reports.push(readReport(request.headers, Buffer.concat(chunks)))
      for (const look of waiting) look()
    })
  }
  const server = tls === undefined ? createServer(take) : createTlsServer(tls, take)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    endpoint: `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reports,
    report: (satisfies) =>
      new Promise((resolve) => {
        const look = () => {
          const found = reports.find(satisfies)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    answerWith(status, headers = {}, body = '') {
      answer = { status, headers, body }
    },
    forget() {
      reports.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Value of the one point with these attributes, or of the only point. */
export const pointValue = (
  report: ReceivedReport,
  name: string,
  attributes: Record<string, string | number | boolean> = {},
): number | undefined =>
  report.metrics
    .get(name)
    ?.points.find((point) =>
      Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
    )?.value
