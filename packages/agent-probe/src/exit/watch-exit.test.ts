import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const env = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint })

const exitPoints = () =>
  receiver.reports.flatMap(({ metrics }) =>
    (metrics.get('perfmon.agent.exit')?.points ?? []).map(({ value, attributes }) => ({
      value,
      ...attributes,
    })),
  )

// The first way out is taken before the SDK is loaded, the second when a connection to the receiver is open.
const moments = [
  { when: 'at once', start: (end: string) => end },
  { when: 'in mid-life', start: (end: string) => `setTimeout(() => { ${end} }, 350)` },
]

describe.each(moments)('an agent that ends $when', ({ start }) => {
  test.each([
    { how: 'naturally', end: '', code: 0, reason: 'normal' },
    { how: 'naturally, with an exit code', end: 'process.exitCode = 7', code: 7, reason: 'normal' },
    { how: 'by process.exit', end: 'process.exit(3)', code: 3, reason: 'normal' },
    { how: 'by an error nobody catches', end: 'throw new Error("boom")', code: 1, reason: 'crash' },
    {
      how: 'by a rejection nobody catches',
      end: 'Promise.reject(new Error("boom"))',
      code: 1,
      reason: 'crash',
    },
  ])('$how says so in its last report', async ({ end, code, reason }) => {
    const agent = await runAgent({ source: start(end), env: env() })
    const ended = await agent.ended
    expect(ended.code).toBe(code)
    expect(ended.stderr).toMatch(reason === 'crash' ? /boom/ : /^$/)
    expect(exitPoints()).toEqual([{ value: code, 'perfmon.exit.reason': reason }])
  })
})

describe('a signal', () => {
  const idle = 'setInterval(() => {}, 1000)\nconsole.log("ready")'

  test.each([
    { signal: 'SIGTERM', code: 143 },
    { signal: 'SIGINT', code: 130 },
    { signal: 'SIGHUP', code: 129 },
  ] as const)('$signal ends an agent as it would have without the probe', async ({ signal, code }) => {
    const agent = await runAgent({ source: idle, env: env() })
    await agent.said('ready')
    await receiver.report(() => true)
    agent.process.kill(signal)
    expect(await agent.ended).toMatchObject({ code: null, signal, stderr: '' })
    expect(exitPoints()).toEqual([{ value: code, 'perfmon.exit.reason': 'signal' }])
  })

  test('is left to an agent that handles it, with the exit code of its choice', async () => {
    const source = `process.on('SIGTERM', () => setTimeout(() => { console.log('drained'); process.exit(4) }, 50))\n${idle}`
    const agent = await runAgent({ source, env: env() })
    await agent.said('ready')
    agent.process.kill('SIGTERM')
    expect(await agent.ended).toMatchObject({ code: 4, signal: null, stdout: 'ready\ndrained\n' })
    expect(exitPoints()).toEqual([{ value: 4, 'perfmon.exit.reason': 'signal' }])
  })

  // As `signal-exit` does it: it ends the process when nobody but itself listens, and does not say `exit`.
  const imitations = {
    'signal-exit 3': 'const emitter = process.__signal_exit_emitter__ = { count: 1 }',
    'signal-exit 4': "const emitter = globalThis[Symbol.for('signal-exit emitter')] = { count: 1 }",
  }
  test.each(Object.entries(imitations))('ends an agent under %s', async (_name, emitter) => {
    const source = `${emitter}
      const onSignal = () => {
        if (process.listeners('SIGTERM').length !== emitter.count) return
        process.removeListener('SIGTERM', onSignal)
        process.kill(process.pid, 'SIGTERM')
      }
      process.on('SIGTERM', onSignal)
      ${idle}`
    const agent = await runAgent({ source, env: env() })
    await agent.said('ready')
    agent.process.kill('SIGTERM')
    expect(await agent.ended).toMatchObject({ code: null, signal: 'SIGTERM' })
    expect(exitPoints()).toEqual([{ value: 143, 'perfmon.exit.reason': 'signal' }])
  })

  test('that an agent ignores twice is seen both times', async () => {
    const source = `let times = 0; process.on('SIGINT', () => console.log('no', ++times)); process.on('SIGTERM', () => process.exit(0))\n${idle}`
    const agent = await runAgent({ source, env: env() })
    await agent.said('ready')
    agent.process.kill('SIGINT')
    await agent.said('no 1')
    agent.process.kill('SIGINT')
    await agent.said('no 2')
    agent.process.kill('SIGTERM')
    expect(await agent.ended).toMatchObject({ code: 0, signal: null })
    expect(exitPoints()).toEqual([{ value: 0, 'perfmon.exit.reason': 'signal' }])
  })

  test('that an agent chooses to ignore is ignored', async () => {
    const source = `process.on('SIGINT', () => console.log('no'))\n${idle}`
    const agent = await runAgent({ source, env: env() })
    await agent.said('ready')
    agent.process.kill('SIGINT')
    await agent.said('no')
    const before = receiver.reports.length
    await receiver.report(() => receiver.reports.length > before + 1)
    expect(exitPoints()).toEqual([])
    agent.process.kill('SIGKILL')
    await agent.ended
  })
})

test('an exit code that the agent sets in its last moment is the one that is told', async () => {
  const source = "process.on('exit', () => { process.exitCode = 7 })"
  const agent = await runAgent({ source, env: env() })
  expect((await agent.ended).code).toBe(7)
  expect(exitPoints()).toEqual([{ value: 7, 'perfmon.exit.reason': 'normal' }])
})

test('an agent that catches its own errors lives on', async () => {
  const agent = await runAgent({
    env: env(),
    source: `process.on('uncaughtException', () => {})\nsetTimeout(() => { throw new Error('boom') }, 10)\nsetTimeout(() => {}, 50)`,
  })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  expect(exitPoints()).toEqual([{ value: 0, 'perfmon.exit.reason': 'normal' }])
})

test('the last report holds what happened after the one before', async () => {
  const agent = await runAgent({
    env: { ...env(), PERFMON_INTERVAL_MS: '60000' },
    source: `
import http from 'node:http'
const server = http.createServer((request, response) => response.end())
server.listen(0, '127.0.0.1', async () => {
  for (let i = 0; i < 7; i++) await fetch('http://127.0.0.1:' + server.address().port)
  process.exit(0)
})`,
  })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  expect(receiver.reports).toHaveLength(1)
  expect(pointValue(receiver.reports[0]!, 'http.server.request.duration')).toBe(7)
})

test('beforeExit is told once, and exit listeners run, as without the probe', async () => {
  const source = `
process.on('beforeExit', () => console.log('beforeExit'))
process.on('exit', (code) => console.log('exit', code))
setTimeout(() => {}, 250)`
  const watched = await (await runAgent({ source, env: env() })).ended
  const bare = await (await runAgent({ source, nodeOptions: [] })).ended
  expect(watched).toEqual(bare)
})
