import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, startReceiver } from '../testing/start-receiver.ts'

beforeAll(buildProbe, 30_000)

/** Where `ws` is installed. */
const folder = fileURLToPath(new URL('../..', import.meta.url))

test('WebSockets of ws: edge at the upgrade, counts, sizes, round trip; payloads and pings as they were', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const start = (name: string, source: string, env = {}) =>
    runAgent({
      source,
      file: `${name}.mjs`,
      folder,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_SERVICE_NAME: name, ...env },
    })
  const hub = await start(
    'hub',
    `import { WebSocketServer } from 'ws'
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => console.log('listens ' + server.address().port))
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => { socket.send(data, { binary: isBinary }); socket.send('more') })
      socket.on('close', () => server.close())
    })`,
  )
  await hub.said('listens')
  const port = /listens (\d+)/.exec(hub.output().stdout)![1]!
  const spoke = await start(
    'spoke',
    `import { WebSocket } from 'ws'
    const socket = new WebSocket('ws://127.0.0.1:' + process.env.HUB)
    const heard = []
    socket.on('pong', (data) => heard.push('pong ' + data))
    socket.on('message', (data, isBinary) => {
      heard.push(isBinary ? [...data] : String(data))
      if (heard.length === 5) { console.log(JSON.stringify(heard)); socket.close(); socket.send('lost', () => {}) }
    })
    socket.on('open', () => {
      socket.send('text')
      socket.ping('mine')
      socket.send(new Uint8Array([1, 2, 3]))
    })`,
    { HUB: port },
  )
  const ended = await spoke.ended
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect((JSON.parse(ended.stdout) as unknown[]).map(String).sort()).toEqual(
    ['text', 'more', 'pong mine', '1,2,3', 'more'].sort(),
  )
  expect(await hub.ended).toMatchObject({ code: 0, stderr: '' })

  const last = (name: string) =>
    receiver.reports.filter(({ resource }) => resource['service.name'] === name).at(-1)!
  const socket = { 'perfmon.message.transport': 'websocket' }
  expect(
    pointValue(last('hub'), 'perfmon.message.latency', { ...socket, 'service.peer.name': 'spoke' }),
  ).toBe(1)
  expect(pointValue(last('hub'), 'perfmon.message.sent', socket)).toBe(4)
  expect(pointValue(last('spoke'), 'perfmon.message.sent', socket)).toBe(2)
  const sizes = last('spoke').metrics.get('perfmon.message.size')!.points
  expect(sizes.find(({ attributes }) => attributes['perfmon.message.direction'] === 'sent')).toMatchObject({
    value: 2,
    sum: 7,
  })
  expect(last('hub').metrics.get('perfmon.message.fan_out')!.points).toContainEqual(
    expect.objectContaining({ attributes: socket, value: 2, sum: 4 }),
  )
})
