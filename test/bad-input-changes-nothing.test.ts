import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from './eventually.ts'
import { gaugeBody, postMetrics } from './otlp-body.ts'
import { startAgent } from './start-agent.ts'
import { type PerfmonProcess, runPerfmon, startPerfmon, temporaryFolder } from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let perfmon: PerfmonProcess

beforeAll(async () => {
  folder = await temporaryFolder()
  perfmon = await startPerfmon({ dataDir: folder.path })
})

afterAll(async () => {
  await perfmon?.stop()
  await folder?.remove()
})

async function everything() {
  const agents = await perfmon.agents()
  const series = await Promise.all(agents.map((agent) => perfmon.series(agent.id)))
  return {
    agents: agents.map((agent) => agent.id),
    series: series.flat().length,
    alerts: await perfmon.alerts(),
  }
}

test('a malformed OTLP body gets 400 and a Status, and nothing of it is kept', async () => {
  const good = gaugeBody({ agentId: 'a1', name: 'steady', timeMs: Date.now(), metrics: { temperature: 20 } })
  expect(await postMetrics(perfmon.otlp, good)).toMatchObject({ status: 200, text: '{}' })
  const before = await everything()

  // The first metric is good, the body breaks after it.
  const newAgent = gaugeBody({
    agentId: 'a2',
    name: 'stranger',
    timeMs: Date.now(),
    metrics: { temperature: 20 },
  })
  const cut = await postMetrics(perfmon.otlp, newAgent.slice(0, -3))
  expect(cut.status).toBe(400)
  expect(JSON.parse(cut.text).message).toMatch(/JSON/)

  const noise = await postMetrics(perfmon.otlp, Uint8Array.of(10, 250, 1, 2, 3), 'application/x-protobuf')
  expect(noise).toMatchObject({ status: 400, contentType: 'application/x-protobuf' })

  expect((await postMetrics(perfmon.otlp, good, 'text/plain')).status).toBe(415)
  expect(await everything()).toEqual(before)
})

test('a point that cannot be used is named, its neighbours are kept', async () => {
  const ahead = Date.now() + 86_400_000
  const body = JSON.parse(
    gaugeBody({ agentId: 'a1', name: 'steady', timeMs: Date.now(), metrics: { kept: 1, early: 2 } }),
  )
  body.resourceMetrics[0].scopeMetrics[0].metrics[1].gauge.dataPoints[0].timeUnixNano = `${ahead}000000`
  const answer = await postMetrics(perfmon.otlp, JSON.stringify(body))
  expect(answer.status).toBe(200)
  const { partialSuccess } = JSON.parse(answer.text)
  expect(partialSuccess.rejectedDataPoints).toBe('1')
  expect(partialSuccess.errorMessage).toMatch(/early.*future/)
  expect(await perfmon.series('a1', 'kept')).toHaveLength(1)
})

test('a malformed WebSocket message gets an error with a code, and the agent goes on', async () => {
  const agent = await startAgent('serving-agent.mjs', perfmon.otlp, { PERFMON_WS_PORT: '3900-3999' })
  const url = await eventually('its WebSocket address', async () =>
    (await perfmon.agents()).map((known) => known.attributes['perfmon.agent.websocket.url']).find(Boolean),
  )
  const socket = new WebSocket(url)
  const answers = socketAnswers(socket)
  await new Promise((resolve) => socket.once('open', resolve))

  socket.send('{"type":"metrics_request",')
  expect(await answers.next()).toMatchObject({ type: 'error', code: 'malformed-message' })
  socket.send('{"type":"self_destruct"}')
  expect(await answers.next()).toMatchObject({ type: 'error', code: 'unknown-type' })
  socket.send('{"type":"metrics_request","requestId":7}')
  expect(await answers.next()).toMatchObject({ type: 'metrics_response', requestId: 7 })
  socket.close()

  expect((await fetch(agent.url)).status).toBe(200)
  await agent.stop()
})

test('a rules file with mistakes names each with its line, and the aggregator does not start with half of it', async () => {
  const place = await temporaryFolder()
  await writeFile(
    join(place.path, 'rules.yaml'),
    'rules:\n  - alert: Fine\n    vital: cpu\n    above: { warning: 70% }\n  - alert: Wrong\n    vital: cpuu\n    above: { warning: 70% }\n    for: 10\n',
  )
  await writeFile(join(place.path, 'perfmon.yaml'), 'rules: [rules.yaml]\n')
  const { code, stdout, stderr } = await runPerfmon(
    ['start', '--json', '--port', '0', '--otlp-port', '0', '--data', 'data'],
    place.path,
  )
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/rules\.yaml:6:\d+ invalid-value: .*cpu/)
  expect(stderr).toMatch(/rules\.yaml:8:\d+ invalid-value: .*"10" is not a duration/)
  await place.remove()
})

function socketAnswers(socket: WebSocket) {
  const waiting: ((message: unknown) => void)[] = []
  const heard: unknown[] = []
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString()) as unknown
    const next = waiting.shift()
    if (next) next(message)
    else heard.push(message)
  })
  return {
    next: () =>
      new Promise<unknown>((resolve) => {
        if (heard.length > 0) resolve(heard.shift())
        else waiting.push(resolve)
      }),
  }
}
