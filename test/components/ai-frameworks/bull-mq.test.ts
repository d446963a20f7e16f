import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, type TestContext, test } from 'vitest'
import { buildProbe, runAgent } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import { startReceiver } from '../../../packages/agent-probe/src/testing/start-receiver.ts'
import { countOf, sumOf } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { need } from '../component.ts'
import { startProcess } from '../component-process.ts'
import { freePorts } from '../free-ports.ts'
import { obtainRedis } from '../obtain-redis.ts'
import { until } from '../until.ts'
import { obtainPackages } from './obtain-packages.ts'

const packages = await obtainPackages({ bullmq: '6.7.0', ioredis: '6.0.0' })
const redis = await obtainRedis()
beforeAll(buildProbe)

/** A real Redis on a port of its own, that keeps nothing. */
const startRedis = async ({ skip }: TestContext) => {
  const { redis: program, libraryPath } = need(redis, skip)
  const [port] = (await freePorts(1)) as [number]
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-redis-'))
  const server = startProcess(
    program,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { cwd: folder, env: libraryPath === '' ? {} : { LD_LIBRARY_PATH: libraryPath } },
  )
  onTestFinished(async () => {
    await server.stop('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  await until('Redis answers', async () => {
    const socket = createConnection(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    return connected
  })
  return port
}

const producer = `
const { Queue } = load('bullmq')
const main = async () => {
  const connection = { host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT) }
  const queue = new Queue('research', { connection })
  const shared = { removeOnComplete: false }
  for (let task = 0; task < 4; task++) await queue.add('task', { task, note: 'a secret' }, shared)
  await queue.addBulk([{ name: 'task', data: { task: 4 } }, { name: 'task', data: { task: 5 } }])
  const delayed = await queue.add('task', { task: 6 }, { delay: 400 })
  await queue.add('task', { task: 7, fails: true }, { attempts: 2 })
  console.log(JSON.stringify(shared), JSON.stringify(delayed.opts), 'telemetry' in JSON.parse(JSON.stringify(delayed)).opts)
  await queue.close()
}
main()`

const consumer = `
const { Queue, Worker } = load('bullmq')
const main = async () => {
  const connection = { host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT) }
  const next = new Queue('results', { connection })
  const telemetry = []
  let done = 0
  const ended = new Promise((resolve) => {
    const count = () => { if (++done === 9) resolve() }
    const worker = new Worker('research', async (job) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      telemetry.push(job.opts.telemetry?.metadata)
      if (job.data.fails && job.attemptsMade === 0) throw new TypeError('a secret')
      await next.add('result', {})
      await next.add('log', {})
      return job.data.task
    }, { connection, concurrency: 2 })
    worker.on('completed', count).on('failed', count)
    ended_ = () => worker.close()
  })
  await ended
  console.log(telemetry.filter((metadata) => metadata !== undefined).length)
  await ended_()
  await next.close()
}
let ended_
main()`

const loads = [
  ['agent.mjs', "import * as bullmq from 'bullmq'; const load = () => bullmq;"],
  ['agent.cjs', 'const load = require;'],
] as const

test.for(loads)('jobs on a real Redis, %s: sender, latency, wait, fan-out', async ([file, load], context) => {
  const { folder } = need(packages, context.skip)
  const port = await startRedis(context)
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const workFolder = await mkdtemp(join(folder, 'agents-'))
  onTestFinished(() => rm(workFolder, { recursive: true, force: true }))
  const run = async (name: string, source: string) => {
    const agent = await runAgent({
      source: `${load}${source}`,
      file,
      folder: workFolder,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_SERVICE_NAME: name,
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: String(port),
      },
    })
    const { code, stdout, stderr } = await agent.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const report = receiver.reports.filter(({ resource }) => resource['service.name'] === name).at(-1)!
    expect(report.body.toString()).not.toContain('secret')
    return { stdout, report }
  }

  const given = await run('planner', producer)
  // The agent's own objects are as without us.
  expect(given.stdout).toMatch(/^\{"removeOnComplete":false\} \{[^}]*"delay":400[^}]*\} false\n$/)
  const bullmq = { 'perfmon.message.transport': 'bullmq' }
  expect(countOf(given.report, 'perfmon.message.sent', bullmq)).toBe(8)

  const { stdout, report } = await run('worker', consumer)
  expect(stdout).toBe('9\n')
  const edge = { ...bullmq, 'service.peer.name': 'planner' }
  // Eight jobs, nine attempts: a repeated one has no latency, and its wait is not the queue's.
  expect(countOf(report, 'perfmon.message.latency', edge)).toBe(8)
  expect(countOf(report, 'perfmon.message.received', bullmq)).toBe(9)
  const research = { 'perfmon.queue.name': 'research' }
  expect(countOf(report, 'perfmon.task.queue.wait.duration', research)).toBe(8)
  // They waited for the worker's start; the one that was delayed only for what was left of that.
  expect(sumOf(report, 'perfmon.task.queue.wait.duration', research)).toBeGreaterThan(0)
  expect(countOf(report, 'messaging.process.duration')).toBe(9)
  expect(countOf(report, 'messaging.process.duration', { 'error.type': 'TypeError' })).toBe(1)
  const fanOut = report.metrics.get('perfmon.message.fan_out')!.points
  expect(fanOut).toMatchObject([{ attributes: bullmq, value: 9, sum: 16 }])
})
