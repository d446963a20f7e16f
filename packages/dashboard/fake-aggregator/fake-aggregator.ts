import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { type LiveServerMessage, liveProtocolVersion, type Series } from '@perfmon/protocol'
import { vitalMetrics, vitalNames } from '@perfmon/protocol/names'
import { type WebSocket, WebSocketServer } from 'ws'
import { createFakeSwarm, type FakeScenario } from './fake-swarm.ts'

/**
 * A stand-in for the aggregator, for the tests of the page only: it serves the built page under the same
 * strict policy and speaks `/api/live` and the two history routes about a made-up swarm.
 */
export interface FakeAggregator {
  url: string
  /** Ends every live connection at once, as a crash does. */
  dropConnections(): void
  /** While true every new live connection is refused. */
  refuse(refuse: boolean): void
  /** While true connections stay open and nothing is said. */
  silence(silent: boolean): void
  /** While true `/api/series` answers 500. */
  breakHistory(broken: boolean): void
  /** Sends one message to every reader, as it is. */
  send(message: LiveServerMessage | { type: string }): void
  /** Live connections that were accepted since the start. */
  accepted(): number
  close(): Promise<void>
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export async function startFakeAggregator(options: {
  /** Folder of the built page. */
  page: string
  agents: number
  scenario: FakeScenario
  seed?: number
  port?: number
  updateIntervalMs?: number
  share?: number
}): Promise<FakeAggregator> {
  const { page, updateIntervalMs = 1000 } = options
  const swarm = createFakeSwarm({
    seed: options.seed ?? 7,
    agents: options.agents,
    scenario: options.scenario,
    startMs: Date.now(),
    ...(options.share === undefined ? {} : { share: options.share }),
  })
  const ids = swarm.agentIds()
  let refusing = false
  let silent = false
  let historyBroken = false
  let accepted = 0

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    if (url.pathname.startsWith('/api/')) answerApi(url, response)
    else void servePage(url.pathname, response)
  })

  async function servePage(path: string, response: ServerResponse): Promise<void> {
    const file = join(page, normalize(path === '/' ? '/index.html' : path))
    try {
      const body = await readFile(file)
      response.writeHead(200, {
        'content-type': contentTypes[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': "default-src 'self'",
        'x-content-type-options': 'nosniff',
      })
      response.end(body)
    } catch {
      response.writeHead(404).end()
    }
  }

  function answerApi(url: URL, response: ServerResponse): void {
    const [status, body] = historyBroken
      ? [500, { detail: 'The store cannot be read.', status: 500 }]
      : (answers[url.pathname]?.(url) ?? [404, { detail: 'No such route.', status: 404 }])
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }

  const answers: Record<string, (url: URL) => [number, unknown]> = {
    '/api/status': () => [200, { otlp: 'http://127.0.0.1:4318' }],
    '/api/series': (url) => [200, seriesFor(url)],
    '/api/samples': (url) => [200, samplesOf(url)],
  }

  function seriesFor(url: URL) {
    const place = ids.indexOf(url.searchParams.get('agent') ?? '')
    const vital = vitalNames.findIndex((name) => vitalMetrics[name] === url.searchParams.get('metric'))
    const series = place < 0 || vital < 0 ? [] : [seriesOf(place * 10 + vital)]
    return { series, total: series.length, truncated: false }
  }

  function seriesOf(id: number): Series {
    const vital = vitalNames[id % 10] ?? 'cpu'
    return {
      id,
      agentId: ids[Math.floor(id / 10)] ?? '',
      metric: vitalMetrics[vital],
      unit: '1',
      kind: 'gauge',
      part: 'value',
      attributes: {},
    }
  }

  function samplesOf(url: URL) {
    const series = seriesOf(Number(url.searchParams.get('series')))
    const vital = vitalNames[series.id % 10] ?? 'cpu'
    const timesMs: number[] = []
    const values: number[] = []
    for (
      let timeMs = Number(url.searchParams.get('from'));
      timeMs <= Number(url.searchParams.get('to'));
      timeMs += 5000
    ) {
      const value = swarm.vitalAt(series.agentId, vital, timeMs)
      if (value === null) continue
      timesMs.push(timeMs)
      values.push(value)
    }
    return { series, timesMs, values, truncated: false }
  }

  const readers = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (refusing || request.url !== '/api/live') {
      socket.destroy()
      return
    }
    readers.handleUpgrade(request, socket, head, (reader) => {
      accepted++
      if (!silent) greet(reader)
    })
  })

  function greet(reader: WebSocket): void {
    const nowMs = Date.now()
    const hello = {
      type: 'hello',
      protocol: liveProtocolVersion,
      version: '0.1.0',
      nowMs,
      updateIntervalMs,
      rules: 5,
    } as const
    reader.send(JSON.stringify(hello))
    reader.send(JSON.stringify(swarm.snapshot(nowMs)))
  }

  function send(message: LiveServerMessage | { type: string }): void {
    const frame = JSON.stringify(message)
    for (const reader of readers.clients) reader.send(frame)
  }

  const ticking = setInterval(() => {
    if (!silent && readers.clients.size > 0) send(swarm.update(Date.now()))
  }, updateIntervalMs)

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const dropConnections = () => {
    for (const reader of readers.clients) reader.terminate()
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dropConnections,
    refuse: (refuse) => {
      refusing = refuse
    },
    silence: (quiet) => {
      silent = quiet
    },
    breakHistory: (broken) => {
      historyBroken = broken
    },
    send,
    accepted: () => accepted,
    close() {
      clearInterval(ticking)
      dropConnections()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
