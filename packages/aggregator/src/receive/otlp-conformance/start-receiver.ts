import { mkdtemp, rm } from 'node:fs/promises'
import {
  type Agent,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  request as startRequest,
} from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAgentTable } from '../../store/agent-table.ts'
import { openStore } from '../../store/open-store.ts'
import { createSeriesTable } from '../../store/series-table.ts'
import { createVitalHistory } from '../../store/vital-history.ts'
import { createAgentRegister } from '../agent-register.ts'
import { createIngest } from '../ingest.ts'
import { refuseWhileStoreIsBusy } from '../otlp-back-pressure.ts'
import { type OtlpServerOptions, startOtlpServer } from '../otlp-http-server.ts'
import type { OtlpIngest } from '../otlp-ingest.ts'
import { createSampleState } from '../sample-state.ts'

export const nowMs = 1_795_000_000_000
export const json = { 'content-type': 'application/json' }
export const protobuf = { 'content-type': 'application/x-protobuf' }

export interface Sending {
  readonly method?: string
  readonly path?: string
  readonly headers?: OutgoingHttpHeaders
  /** Several buffers go in chunks without a Content-Length; an object goes as JSON. */
  readonly body?: string | Buffer | readonly Buffer[] | object
  readonly agent?: Agent
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface ReceiverOptions extends Partial<OtlpServerOptions> {
  /** A folder that is kept, to start on again. Default: one of its own. */
  readonly dir?: string
  readonly perAgent?: number
  /** Called instead of storing. */
  readonly instead?: OtlpIngest['accept']
}

/** The receiver as it runs in the aggregator, on a real store: HTTP, decoding, sample state, journal. */
export async function startReceiver(options: ReceiverOptions = {}) {
  const { dir: given, perAgent = 100, instead, ...rest } = options
  const dir = given ?? (await mkdtemp(join(tmpdir(), 'perfmon-otlp-')))
  const store = await openStore({
    dir,
    nowMs: () => nowMs,
    retention: { days: 30, bytes: 1e9 },
    warn: () => {},
  })
  const agents = createAgentTable(store.stored.agents)
  const series = createSeriesTable(store.stored.series, () => true, { perAgent, total: 10_000 })
  const ingest = createIngest({
    store,
    series,
    state: createSampleState(store.stored),
    agents: createAgentRegister({ table: agents, maxAgents: 1_000, listeningSinceMs: nowMs }),
    history: createVitalHistory(),
    nowMs: () => nowMs,
  })
  const taking = refuseWhileStoreIsBusy(ingest)
  const warnings: string[] = []
  const server = await startOtlpServer({
    host: '127.0.0.1',
    port: 0,
    ingest: instead === undefined ? taking : { ...taking, accept: instead },
    logger: { warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`) },
    ...rest,
  })
  const { port } = server.address

  /** Samples of the series that match, each as [milliseconds after `nowMs`, value]. */
  async function samples(agentId: string, metric: string, part = 'value', attributes: object = {}) {
    const found = series
      .ofAgent(agentId)
      .filter((one) => one.metric === metric && one.part === part)
      .filter((one) =>
        Object.entries(attributes).every(([key, value]) => one.attributes[key as never] === value),
      )
    if (found.length !== 1) return found.length === 0 ? null : `${found.length} series match`
    const { timesMs, values } = await store.readSamples(found[0]!.id, 0, Number.MAX_SAFE_INTEGER, 1_000)
    return Array.from(timesMs, (timeMs, i) => [timeMs - nowMs, values[i]!])
  }

  /** The newest value of a series. */
  async function lastValue(seriesId: number) {
    const { values } = await store.readSamples(seriesId, 0, Number.MAX_SAFE_INTEGER, 1_000)
    return values.at(-1)
  }

  return {
    lastValue,
    port,
    server,
    ingest,
    warnings,
    agents,
    series,
    samples,
    send: (sending: Sending = {}) => send(port, sending),
    async stop() {
      await server.close()
      await store.close()
      if (given === undefined) await rm(dir, { recursive: true })
    },
  }
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>

export function send(
  port: number,
  { method = 'POST', path = '/v1/metrics', headers = json, body, agent }: Sending,
) {
  const chunks = Array.isArray(body) ? (body as Buffer[]) : [bytesOf(body ?? gauges('a', 7))]
  const lengths = Array.isArray(body) ? {} : { 'content-length': String(chunks[0]!.length) }
  return new Promise<Answer>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method, path, headers: { ...lengths, ...headers }, agent }
    const request = startRequest(options)
    request.on('error', reject)
    request.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
      )
    })
    if (request.getHeader('expect') !== undefined) {
      request.on('continue', () => request.end(chunks[0]))
      request.flushHeaders()
      return
    }
    for (const chunk of chunks) request.write(chunk)
    request.end()
  })
}

function bytesOf(body: NonNullable<Sending['body']>): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
}

export const nanos = (afterMs = 0): string => `${nowMs + afterMs}000000`

/** A request of one agent with these metrics, in the form that OTLP/JSON has. */
export const request = (agentId: string, ...metrics: object[]) => ({
  resourceMetrics: [
    {
      resource: {
        attributes: [
          { key: 'service.instance.id', value: { stringValue: agentId } },
          { key: 'service.name', value: { stringValue: 'worker' } },
        ],
      },
      scopeMetrics: [{ metrics }],
    },
  ],
})

/** A gauge `g` with one point for each value, a millisecond apart. */
export const gauges = (agentId: string, ...values: unknown[]) =>
  request(agentId, {
    name: 'g',
    gauge: {
      dataPoints: values.map((asDouble, i) => ({
        timeUnixNano: nanos(i),
        ...(asDouble !== undefined && { asDouble }),
      })),
    },
  })

/** `temporality`: 1 delta, 2 cumulative. Points are [time after now, value, start before now]. */
export const sum = (
  temporality: number,
  points: readonly (readonly [afterMs: number, value: number, startBeforeMs?: number])[],
  name = 's',
) => ({
  name,
  sum: {
    aggregationTemporality: temporality,
    isMonotonic: true,
    dataPoints: points.map(([afterMs, asInt, startBeforeMs = 1_000]) => ({
      startTimeUnixNano: nanos(-startBeforeMs),
      timeUnixNano: nanos(afterMs),
      asInt: String(asInt),
    })),
  },
})

export const statusOf = ({ body }: Answer): { code: number; message: string; details?: unknown } =>
  JSON.parse(body.toString())

export const partialSuccess = ({ body }: Answer) =>
  (JSON.parse(body.toString()) as { partialSuccess?: { rejectedDataPoints: string; errorMessage: string } })
    .partialSuccess
