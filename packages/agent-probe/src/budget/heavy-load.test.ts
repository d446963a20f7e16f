import { connect } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildProbe, type RunningAgent, runAgent } from '../testing/run-agent.ts'
import { pointValue, type ReceivedReport, type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const source = `
import http from 'node:http'
let served = 0
const server = http.createServer((request, response) => {
  served++
  response.statusCode = request.url === '/broken' ? 500 : 200
  response.end()
}).listen(0, '127.0.0.1', () => console.log('port=' + server.address().port + ';'))
process.on('SIGTERM', () => { console.log('served=' + served + ';'); process.exit() })`

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: agent\r\n\r\n`
// One failure in twenty.
const batch = request('/broken') + request('/fine').repeat(19)

/** Some thousand requests per second, until told to stop; no request is cut. */
const load = async (agent: RunningAgent): Promise<() => Promise<void>> => {
  await agent.said(';')
  const port = Number(/port=(\d+)/.exec(agent.output().stdout)?.[1])
  const socket = connect(port, '127.0.0.1')
  let wanted = true
  let answers = 0
  let sent = 0
  const stopped = new Promise<void>((resolve) => {
    const next = () => {
      if (!wanted) {
        socket.end(() => resolve())
        return
      }
      sent += 20
      socket.write(batch)
    }
    socket.on('connect', next)
    socket.setEncoding('latin1').on('data', (text: string) => {
      answers += text.split('HTTP/1.1 ').length - 1
      if (answers === sent) setTimeout(next, 2)
    })
  })
  return () => {
    wanted = false
    return stopped
  }
}

const countOf = (report: ReceivedReport, status: number) =>
  pointValue(report, 'http.server.request.duration', { 'http.response.status_code': status }) ?? 0

test('more requests than the budget allows are sampled: each costs less then, and counts stay right', {
  timeout: 30_000,
}, async () => {
  const budget = 0.005
  const agent = await runAgent({
    source,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      PERFMON_INTERVAL_MS: '250',
      PERFMON_MAX_CPU_PERCENT: String(100 * budget),
    },
  })
  const stop = await load(agent)
  const first = await receiver.report(
    (report) => (pointValue(report, 'perfmon.probe.sampling.ratio') ?? 1) < 1,
  )
  const later = await receiver.report((report) => {
    const served = (each: ReceivedReport) => countOf(each, 200) + countOf(each, 500)
    return served(report) - served(first) > 2000 && served(report) > 1.2 * served(first)
  })
  await stop()
  agent.process.kill()
  const served = Number(/served=(\d+)/.exec((await agent.ended).stdout)?.[1])

  const hookSeconds = (report: ReceivedReport) =>
    pointValue(report, 'perfmon.probe.cpu.time', { 'perfmon.probe.part': 'hooks' })!
  const perRequest = (from: ReceivedReport | undefined, to: ReceivedReport) => {
    const count = (each: ReceivedReport | undefined) => (each ? countOf(each, 200) + countOf(each, 500) : 0)
    return (hookSeconds(to) - (from ? hookSeconds(from) : 0)) / (count(to) - count(from))
  }
  // How much of a core that is depends on the machine and who else uses it; that it is less does not.
  expect(perRequest(first, later)).toBeLessThan(0.9 * perRequest(undefined, first))
  expect(pointValue(first, 'perfmon.probe.budget.step')).toBeGreaterThan(4)

  const last = receiver.reports.at(-1)!
  const total = countOf(last, 200) + countOf(last, 500)
  // What was sampled were a few thousand, one in 64 at most.
  expect(Math.abs(total - served)).toBeLessThan(4 * Math.sqrt(64 * served * 0.07) + 64)
})

describe('sampling that was asked for', () => {
  test.each([
    { sampling: 'uniform:0.05', exact: false },
    { sampling: 'priority:0.05', exact: true },
  ])('$sampling', async ({ sampling, exact }) => {
    const agent = await runAgent({
      source,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, PERFMON_SAMPLING: sampling },
    })
    await receiver.report((report) => (pointValue(report, 'perfmon.probe.sampling.ratio') ?? 1) === 0.05)
    const stop = await load(agent)
    await receiver.report((report) => countOf(report, 200) > 2000)
    await stop()
    agent.process.kill()
    const served = Number(/served=(\d+)/.exec((await agent.ended).stdout)?.[1])
    const last = receiver.reports.at(-1)!
    const failed = served / 20
    if (exact) expect(countOf(last, 500)).toBe(failed)
    else expect(countOf(last, 200) + countOf(last, 500)).toBeLessThanOrEqual(served + 20)
    expect(Math.abs(countOf(last, 500) - failed)).toBeLessThanOrEqual(4 * Math.sqrt(20 * failed))
    expect(Math.abs(countOf(last, 200) - (served - failed))).toBeLessThanOrEqual(4 * Math.sqrt(20 * served))
  })
})
