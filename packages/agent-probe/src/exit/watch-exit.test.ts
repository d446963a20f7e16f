import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { buildProbe, registerFile, runAgent } from '../testing/run-agent.ts'
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

describe('libraries and agents that count listeners, or kill themselves', () => {
  // What both versions of signal-exit do with a signal: end by it when nobody but them listens.
  const imitation = (emitter: string) => `
const emitter = ${emitter} = { count: 1 }
const listener = () => {
  if (process.listeners('SIGTERM').length !== emitter.count) return
  process.removeListener('SIGTERM', listener)
  emitter.count -= 1
  console.log('cleaned')
  process.kill(process.pid, 'SIGTERM')
}
process.on('SIGTERM', listener)`
  const idle = 'setInterval(() => {}, 1000)\nconsole.log("ready")'

  test.each([
    { who: 'signal-exit 3', source: imitation('process.__signal_exit_emitter__') },
    { who: 'signal-exit 4', source: imitation('globalThis[Symbol.for("signal-exit emitter")]') },
    {
      who: 'an agent that cleans up once and raises the signal again',
      source: `process.once('SIGTERM', () => { console.log('cleaned'); process.kill(process.pid, 'SIGTERM') })`,
    },
    {
      who: 'an agent that does so after a few promises, by number',
      source: `
const handler = async () => {
  await null
  console.log('cleaned')
  process.removeListener('SIGTERM', handler)
  process.kill(process.pid, 15)
}
process.on('SIGTERM', handler)`,
    },
    {
      who: 'an agent that does so later',
      source: `process.once('SIGTERM', () => setTimeout(() => { console.log('cleaned'); process.kill(process.pid) }, 20))`,
    },
    {
      who: 'an agent that takes every listener off and raises it',
      source: `process.on('SIGTERM', () => { process.removeAllListeners('SIGTERM'); console.log('cleaned'); process.kill(process.pid, 'SIGTERM') })`,
    },
  ])('$who: ends by the signal, with its last report', async ({ source }) => {
    const agent = await runAgent({ source: `${source}\n${idle}`, env: env() })
    await agent.said('ready')
    await receiver.report(() => true)
    agent.process.kill('SIGTERM')
    const ended = { code: null, signal: 'SIGTERM', stdout: 'ready\ncleaned\n', stderr: '' }
    expect(await agent.ended).toMatchObject(ended)
    expect(exitPoints()).toEqual([{ value: 143, 'perfmon.exit.reason': 'signal' }])
  })

  test.for([
    { spec: 'signal-exit@3.0.7', load: `const onExit = require('signal-exit')` },
    { spec: 'signal-exit@4.1.0', load: `const { onExit } = require('signal-exit')` },
  ])('$spec itself', { timeout: 60_000 }, async ({ spec, load }, { skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'perfmon-signal-exit-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const install = ['install', spec, '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund']
    const installed = await promisify(execFile)('npm', [...install, '--fetch-retries=0'], {
      cwd: folder,
    }).then(
      () => true,
      () => false,
    )
    if (!installed) skip(`${spec} cannot be installed here`)
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      const before = exitPoints().length
      const require = `const require = createRequire(${JSON.stringify(join(folder, 'x.js'))})`
      const source = `import { createRequire } from 'node:module'\n${require}\n${load}
onExit((code, signal) => console.log('cleaned', code, signal))\n${idle}`
      const agent = await runAgent({ source, env: env() })
      await agent.said('ready')
      agent.process.kill(signal)
      const stdout = `ready\ncleaned null ${signal}\n`
      expect(await agent.ended).toMatchObject({ code: null, signal, stdout, stderr: '' })
      expect(exitPoints().slice(before)).toEqual([{ value: code, 'perfmon.exit.reason': 'signal' }])
    }
  })

  test('an agent that lives on is watched as before, and what it sees of the process is its own', async () => {
    const source = `
const kill = process.kill
process.on('SIGTERM', () => {
  const during = process.listenerCount('SIGTERM')
  setTimeout(() => console.log(during, process.listenerCount('SIGTERM'), process.kill === kill), 20)
})
process.once('SIGINT', () => console.log('first'))
${idle}`
    const agent = await runAgent({ source, env: env() })
    await agent.said('ready')
    for (const times of [1, 2]) {
      agent.process.kill('SIGTERM')
      await agent.said('1 2 true\n'.repeat(times))
    }
    agent.process.kill('SIGINT')
    await agent.said('first')
    // The first SIGINT's turn of the event loop is over when the next signal is handled.
    agent.process.kill('SIGTERM')
    await agent.said('first\n1 2 true')
    agent.process.kill('SIGINT')
    expect(await agent.ended).toMatchObject({ code: null, signal: 'SIGINT', stderr: '' })
    expect(exitPoints()).toEqual([{ value: 130, 'perfmon.exit.reason': 'signal' }])
  })

  test.each([
    { how: 'off', source: `process.removeAllListeners('SIGTERM')` },
    {
      how: 'off and puts them back twice',
      source: `
const saved = process.listeners('SIGTERM')
process.removeAllListeners('SIGTERM')
for (const listener of saved) process.on('SIGTERM', listener)
setTimeout(() => { for (const listener of saved) process.on('SIGTERM', listener) }, 20)`,
    },
  ])('an agent that takes every listener $how still ends by the signal', async ({ source }) => {
    const agent = await runAgent({
      source: `${source}\nsetTimeout(() => console.log('ready'), 50)\nsetInterval(() => {}, 1000)`,
      env: env(),
    })
    await agent.said('ready')
    agent.process.kill('SIGTERM')
    expect(await agent.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' })
    expect(exitPoints()).toEqual([{ value: 143, 'perfmon.exit.reason': 'signal' }])
  })
})

describe('the exit code that is reported is the one that the parent sees', () => {
  const late = 'process.on("exit", () => { process.exitCode = 7 })\n'
  test.each([
    { how: 'a listener sets it at a natural end', source: late, code: 7, reason: 'normal' },
    { how: 'a listener sets it as text', source: late.replace('7', '"7"'), code: 7, reason: 'normal' },
    {
      how: 'a listener sets it after process.exit',
      source: `${late}process.exit(2)`,
      code: 7,
      reason: 'normal',
    },
    {
      how: 'a listener sets it after an error',
      source: `${late}throw new Error('boom')`,
      code: 7,
      reason: 'crash',
    },
    {
      how: 'a listener calls process.exit',
      source: 'process.on("exit", () => process.exit(5))',
      code: 5,
      reason: 'normal',
    },
    {
      how: 'a listener calls process.exit after an error',
      source: 'process.on("exit", () => process.exit(5))\nthrow new Error("boom")',
      code: 5,
      reason: 'crash',
    },
    {
      how: 'a listener throws',
      source: 'process.on("exit", () => { throw new Error("boom") })',
      code: 1,
      reason: 'crash',
    },
    {
      how: 'top-level await never settles',
      source: 'await new Promise(() => {})',
      code: 13,
      reason: 'normal',
    },
  ])('$how: $code', async ({ source, code, reason }) => {
    for (const file of ['agent.mjs', 'agent.cjs']) {
      if (file === 'agent.cjs' && source.startsWith('await')) continue
      const before = exitPoints().length
      const agent = await runAgent({ file, source, env: env() })
      expect((await agent.ended).code).toBe(code)
      expect(exitPoints().slice(before)).toEqual([{ value: code, 'perfmon.exit.reason': reason }])
    }
  })
})

test('a worker thread that exits keeps its own code and ends nobody else', async () => {
  const agent = await runAgent({
    env: env(),
    source: `
import { Worker, isMainThread } from 'node:worker_threads'
if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', (code) => console.log('worker', code))
else process.exit(3)`,
  })
  expect(await agent.ended).toMatchObject({ code: 0, stdout: 'worker 3\n', stderr: '' })
  expect(exitPoints()).toEqual([{ value: 0, 'perfmon.exit.reason': 'normal' }])
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

test('where threads are forbidden, a last report that needs one is lost, and the agent told so', async () => {
  const agent = await runAgent({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint.replace('127.0.0.1', 'localhost') },
    nodeOptions: ['--permission', '--allow-fs-read=*', '--import', registerFile],
    source: 'console.log(1)',
  })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' })
  expect(stderr).toContain('The last report of this agent is lost')
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
