import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, startReceiver } from '../testing/start-receiver.ts'

beforeAll(buildProbe, 30_000)

/** Every kind of message, both ways, and by every way to receive one; says what arrived. */
const source = `
import { Worker, MessageChannel } from 'node:worker_threads'
import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
writeFileSync('hand.mjs', \`
  import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
  parentPort.postMessage({ ready: true })
  let taken
  while ((taken = receiveMessageOnPort(parentPort)) === undefined) ;
  parentPort.postMessage(['taken', taken.message])
  try { parentPort.postMessage(() => {}) } catch (error) { parentPort.postMessage(error.name) }
  parentPort.on('message', async (message) => {
    if (message === 'end') return parentPort.close()
    await null
    if (message.port) message.port.postMessage('by port'), message.port.close()
    parentPort.postMessage(message.port ? 'a port' : message, message.bytes ? [message.bytes.buffer] : [])
  })
\`)
const worker = new Worker(new URL('hand.mjs', import.meta.url))
const said = []
const { port1, port2 } = new MessageChannel()
port1.on('message', (message) => { said.push(message); port1.close() })
worker.on('message', (message) => {
  said.push(message)
  if (message?.ready) worker.postMessage({ first: 1 })
  if (message === 'DataCloneError') {
    worker.postMessage(new Map([[1, undefined]]))
    const bytes = new Uint8Array([1, 2, 3])
    worker.postMessage({ bytes }, [bytes.buffer])
    console.log('transferred', bytes.length)
    worker.postMessage({ port: port2 }, [port2])
    worker.postMessage({ date: new Date(0), list: [, 1] })
    worker.postMessage('end')
  }
})
worker.on('exit', (code) => {
  const parts = said.map((message) => inspect(message, { depth: 9 })).sort()
  console.log(code, parts.join('\\n'), worker.postMessage.name, worker.postMessage.length, worker.listenerCount('message'))
})`

const run = async (nodeOptions?: readonly string[]) => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const agent = await runAgent({
    source,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
    ...(nodeOptions !== undefined && { nodeOptions }),
  })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return { stdout, report: receiver.reports.at(-1)! }
}

test('messages of threads arrive as sent, and how long they took is known', async () => {
  const bare = await run([])
  expect(bare.stdout).toContain("[ 'taken', { first: 1 } ]")
  const { stdout, report } = await run()
  expect(stdout).toBe(bare.stdout)
  const thread = { 'perfmon.message.transport': 'thread' }
  // Six to the worker and seven back; the one that could not be cloned was not sent.
  expect(pointValue(report, 'perfmon.message.sent', thread)).toBe(13)
  expect(pointValue(report, 'perfmon.message.received', thread)).toBe(13)
  expect(pointValue(report, 'perfmon.message.latency', thread)).toBe(13)
  const latency = report.metrics.get('perfmon.message.latency')!.points[0]!
  expect(latency.attributes).toEqual(thread)
  // Between nothing and the whole run: a time that was taken for another's would be before its sending.
  expect(latency.sum).toBeGreaterThan(0)
  expect(latency.sum).toBeLessThan(60)
})
