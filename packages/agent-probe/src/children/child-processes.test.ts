import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildProbe, registerFile, runAgent } from '../testing/run-agent.ts'
import { type ReceivedReport, type Receiver, startReceiver } from '../testing/start-receiver.ts'
import { countOf } from '../testing/watch-ai-agent.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const env = (more: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  ...more,
})

const served = 'http.server.request.duration'
const instance = 'service.instance.id'
const parent = 'perfmon.parent.instance_id'

/** The last report of each process, by process id. */
const lastByPid = () => {
  const last = new Map<number, ReceivedReport>()
  for (const report of receiver.reports) last.set(report.resource['process.pid'] as number, report)
  return last
}

test('each child is an agent of its own that names its parent, and finds nothing of it in its environment', async () => {
  const agent = await runAgent({
    file: 'boss.mjs',
    env: env({ OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=the-boss' }),
    source: `
import { execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
const show = 'console.log(process.pid, JSON.stringify(Object.keys(process.env).filter((name) => /PARENT/.test(name))))'
writeFileSync('hand.mjs', show + (${JSON.stringify(
      `;
import { fork } from 'node:child_process'
if (!process.argv[2]) fork(new URL(import.meta.url).pathname, ['deeper'])`,
    )}))
const forked = fork('hand.mjs', { stdio: 'inherit' })
await once(forked, 'exit')
const spawned = spawn(process.execPath, ['--import', '${registerFile}', 'hand.mjs', 'alone'], { stdio: 'inherit' })
await once(spawned, 'exit')
console.log(String(execFileSync('env')).split('\\n').filter((line) => /PERFMON_PARENT/.test(line)).length)
console.log(Object.keys(process.env).filter((name) => /PARENT/.test(name)).length)`,
  })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.split('\n').filter((line) => /\[/.test(line))).toHaveLength(3)
  expect(stdout).not.toContain('PARENT')
  expect(stdout.trimEnd().split('\n').slice(-2)).toEqual(['0', '0'])

  const reports = [...lastByPid().values()].map(({ resource }) => resource)
  const boss = reports.find((resource) => resource['service.name'] === 'boss')!
  const hands = reports.filter((resource) => resource['service.name'] === 'hand')
  expect(boss[instance]).toBe('the-boss')
  expect(boss[parent]).toBeUndefined()
  expect(boss['process.parent_pid']).toBe(process.pid)
  expect(hands).toHaveLength(3)
  expect(new Set(reports.map((resource) => resource[instance])).size).toBe(4)
  const children = hands.filter((hand) => hand[parent] === 'the-boss')
  expect(children).toHaveLength(2)
  expect(children.every((child) => child['process.parent_pid'] === boss['process.pid'])).toBe(true)
  const grandchild = hands.find((hand) => hand[parent] !== 'the-boss')!
  const forked = children.find((child) => child['process.pid'] === grandchild['process.parent_pid'])!
  expect(grandchild[parent]).toBe(forked[instance])
})

/** A port with a free one behind it, as far as can be known. */
const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port < 65_000 ? port : freePort()
}

test('a cluster: requests are counted once, where they are served; ports are not fought over; it ends as ever', async () => {
  const port = await freePort()
  const agent = await runAgent({
    file: 'service.mjs',
    env: env({ PERFMON_WS_PORT: String(port) }),
    source: `
import cluster from 'node:cluster'
import http from 'node:http'
import { once } from 'node:events'
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()]
  const ports = await Promise.all(workers.map(async (worker) => (await once(worker, 'listening'))[0].port))
  const get = () => new Promise((resolve) =>
    http.get({ port: ports[0], host: '127.0.0.1', agent: false }, (response) => response.resume().on('end', resolve)))
  for (let i = 0; i < 10; i++) await get()
  setTimeout(async () => {
    workers[0].disconnect()
    console.log('disconnected', ...await once(workers[0], 'exit'))
    workers[1].process.kill('SIGTERM')
    console.log('killed', ...await once(workers[1], 'exit'))
  }, 600)
} else {
  http.createServer((request, response) => response.end('x')).listen(0, '127.0.0.1')
}`,
  })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: 'disconnected 0 null\nkilled null SIGTERM\n',
    stderr: '',
  })
  const last = [...lastByPid().values()]
  const primary = last.find(({ resource }) => resource[parent] === undefined)!
  const workers = last.filter((report) => report !== primary)
  expect(workers.map(({ resource }) => resource[parent])).toEqual([
    primary.resource[instance],
    primary.resource[instance],
  ])
  expect(countOf(primary, served)).toBe(0)
  expect(workers.map((worker) => countOf(worker, served)).toSorted()).toEqual([5, 5])
  expect(countOf(primary, 'http.client.request.duration')).toBe(10)
  const url = 'perfmon.agent.websocket.url'
  expect(primary.resource[url]).toBe(`ws://127.0.0.1:${port}/metrics`)
  const ports = workers.map(({ resource }) => Number(/:(\d+)\//.exec(String(resource[url]))?.[1]))
  expect(new Set(ports).size).toBe(2)
  expect(Math.min(...ports)).toBeGreaterThan(port)
})

test('a child that its parent leaves, or that loses its channel, ends as it would without us', async () => {
  const agent = await runAgent({
    file: 'boss.mjs',
    env: env(),
    source: `
import { fork } from 'node:child_process'
import { once } from 'node:events'
if (process.argv[2]) {
  process.on('message', () => {})
  process.on('disconnect', () => console.log('disconnected'))
} else {
  const child = fork(new URL(import.meta.url).pathname, ['child'], { stdio: 'inherit' })
  await once(child, 'spawn')
  setTimeout(() => child.disconnect(), 300)
  console.log(...await once(child, 'exit'))
}`,
  })
  expect(await agent.ended).toMatchObject({ code: 0, stdout: 'disconnected\n0 null\n', stderr: '' })
  expect(lastByPid().size).toBe(2)
})
