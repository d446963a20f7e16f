import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../../packages/agent-probe/src/testing/run-agent.ts'
import { type ReceivedReport, startReceiver } from '../../packages/agent-probe/src/testing/start-receiver.ts'
import { countOf } from '../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { obtainPackages } from './ai-frameworks/obtain-packages.ts'
import { need } from './component.ts'

/** The oldest that the probe supports, and the newest of each line. */
const versions = ['22.18.0', '22.23.3', '24.21.0', '26.10.0']
/** What the package `node` would download when it is installed: the binary alone, without its install script. */
const packageName = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

const nodes = await Promise.all(
  versions.map(async (version) => ({ version, component: await obtainPackages({ [packageName]: version }) })),
)
beforeAll(buildProbe)

const served = 'http.server.request.duration'
const made = 'http.client.request.duration'

// Serves itself and its children: three requests by fetch, two by node:http, one by node:http2, two by a worker thread,
// one by a forked child; then four to a cluster worker.
const work = `
const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const viaFetch = async (port) => (await fetch('http://127.0.0.1:' + port)).text()
const viaHttp = (port) => new Promise((resolve) =>
  http.get({ host: '127.0.0.1', port, agent: false }, (response) => response.resume().on('end', resolve)))
const role = process.env.ROLE ?? (isMainThread ? 'main' : 'thread')
const roles = {
  async main() {
    const server = http.createServer((request, response) => response.end('x'))
    const port = await listen(server)
    for (let i = 0; i < 3; i++) await viaFetch(port)
    for (let i = 0; i < 2; i++) await viaHttp(port)

    const server2 = http2.createServer((request, response) => response.end('x'))
    const session = http2.connect('http://127.0.0.1:' + await listen(server2))
    await new Promise((resolve) => session.request().on('close', resolve).resume())
    session.close()
    server2.close()

    const worker = new Worker(self, { workerData: port })
    console.log('thread', ...await once(worker, 'exit'))
    const child = fork(self, { env: { ...process.env, ROLE: 'child', PORT: port } })
    console.log('child', ...await once(child, 'exit'))

    cluster.setupPrimary({ exec: self })
    const clustered = cluster.fork({ ROLE: 'clustered' })
    const [{ port: clusterPort }] = await once(clustered, 'listening')
    for (let i = 0; i < 4; i++) await viaHttp(clusterPort)
    clustered.disconnect()
    console.log('clustered', ...await once(clustered, 'exit'))
    server.close()
    server.closeAllConnections()
  },
  async thread() {
    for (let i = 0; i < 2; i++) await viaFetch(workerData)
  },
  child: () => viaHttp(process.env.PORT),
  clustered: () => listen(http.createServer((request, response) => response.end('x'))),
}
roles[role]()`

const names =
  'import cluster from "node:cluster"; import http from "node:http"; import http2 from "node:http2"'
const modules = [
  {
    title: 'ESM',
    file: 'agent.mjs',
    source: `${names}
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
const self = fileURLToPath(import.meta.url)${work}`,
  },
  {
    title: 'CommonJS',
    file: 'agent.cjs',
    source: `const cluster = require('node:cluster'), http = require('node:http'), http2 = require('node:http2')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const { isMainThread, Worker, workerData } = require('node:worker_threads')
const self = __filename${work}`,
  },
]

describe.each(nodes)('Node $version', ({ version, component }) => {
  test.for(modules)(
    '$title: an agent with threads, children and a cluster is counted right',
    async ({ file, source }, { skip }) => {
      const { folder } = need(component, skip)
      const receiver = await startReceiver()
      const agent = await runAgent({
        file,
        source,
        node: join(folder, 'node_modules', packageName, 'bin', 'node'),
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
      })
      const ended = await agent.ended
      await receiver.close()
      expect(ended).toMatchObject({
        code: 0,
        stdout: 'thread 0\nchild 0 null\nclustered 0 null\n',
        stderr: '',
      })

      const last = new Map<unknown, ReceivedReport>()
      for (const report of receiver.reports) last.set(report.resource['process.pid'], report)
      const main = last.get(agent.process.pid)!
      last.delete(agent.process.pid)
      const children = [...last.values()]
      expect(main.resource['process.runtime.version']).toBe(version)
      expect(countOf(main, served)).toBe(9)
      expect(countOf(main, served, { 'network.protocol.version': '2' })).toBe(1)
      expect(countOf(main, made)).toBe(12)
      expect(main.metrics.get('perfmon.worker.started')?.points[0]?.value).toBe(1)
      expect(children.map((child) => [countOf(child, served), countOf(child, made)]).toSorted()).toEqual([
        [0, 1],
        [4, 0],
      ])
      expect(
        children.every(
          ({ resource }) => resource['perfmon.parent.instance_id'] === main.resource['service.instance.id'],
        ),
      ).toBe(true)
      for (const report of [main, ...children]) {
        for (const name of [
          'process.cpu.time',
          'v8js.memory.heap.used',
          'nodejs.eventloop.time',
          'perfmon.agent.exit',
        ])
          expect(report.metrics.has(name), name).toBe(true)
        expect(
          countOf(report, 'perfmon.probe.dropped_points', { 'perfmon.drop.reason': 'hook_failed' }),
        ).toBe(0)
      }
    },
  )
})
