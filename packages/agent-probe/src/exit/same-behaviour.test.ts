import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildProbe, registerFile } from '../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../testing/start-receiver.ts'

interface SmallAgent {
  readonly title: string
  readonly source: string
  readonly file?: string
  /** Options of Node. */
  readonly node?: readonly string[]
  /** Instead of the file: what comes after the options. */
  readonly instead?: readonly string[]
  readonly input?: string
  /** Sent once it has said `ready`. */
  readonly signal?: NodeJS.Signals
  /** Its standard output is closed once it has said `ready`. */
  readonly closesPipe?: boolean
  /** Whether its last report arrives. */
  readonly arrives: boolean
}

const ready = "console.log('ready')\n"
const forEver = 'setInterval(() => {}, 1000)\n'

const agents: SmallAgent[] = [
  { title: 'a natural end', source: "console.log('done')", arrives: true },
  { title: 'process.exit', source: 'process.exit(4)', arrives: true },
  { title: 'process.exitCode', source: 'process.exitCode = 3', arrives: true },
  { title: 'an uncaught error', source: "throw new Error('broken')", arrives: true },
  { title: 'an uncaught error that is no error', source: 'throw null', arrives: true },
  { title: 'an unhandled rejection', source: "Promise.reject(new Error('broken'))", arrives: true },
  {
    title: 'an unhandled rejection that is only warned of',
    node: ['--unhandled-rejections=warn'],
    source: "Promise.reject(new TypeError('broken'))",
    arrives: true,
  },
  {
    title: 'a failed fetch that nobody catches',
    node: ['--stack-trace-limit=50'],
    source: "await fetch('http://127.0.0.1:1/')",
    arrives: true,
  },
  { title: 'a stack overflow', source: 'const f = () => f() + 1; f()', arrives: true },
  { title: 'abort', source: 'process.abort()', node: ['--no-warnings'], arrives: false },
  { title: 'SIGTERM', source: ready + forEver, signal: 'SIGTERM', arrives: true },
  { title: 'SIGINT', source: ready + forEver, signal: 'SIGINT', arrives: true },
  { title: 'SIGHUP', source: ready + forEver, signal: 'SIGHUP', arrives: true },
  { title: 'SIGKILL', source: ready + forEver, signal: 'SIGKILL', arrives: false },
  { title: 'SIGUSR2', source: ready + forEver, signal: 'SIGUSR2', arrives: false },
  {
    title: 'a handler of SIGTERM that ends by itself',
    source: `process.on('SIGTERM', () => { console.log('bye'); process.exit(9) })\n${ready}${forEver}`,
    signal: 'SIGTERM',
    arrives: true,
  },
  {
    title: 'a handler of SIGTERM that is called once',
    source: `process.once('SIGTERM', () => setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20))\n${ready}${forEver}`,
    signal: 'SIGTERM',
    arrives: true,
  },
  {
    // Those of Node too, without which nobody can listen to a signal again.
    title: 'all listeners taken off, then SIGTERM',
    source: `process.removeAllListeners()\nsetTimeout(() => console.log('ready'), 50)\n${forEver}`,
    signal: 'SIGTERM',
    arrives: false,
  },
  {
    title: 'all listeners taken off, then an end',
    source: 'process.removeAllListeners()\nsetTimeout(() => process.exit(5), 20)',
    arrives: true,
  },
  {
    title: 'listeners counted',
    source: `setTimeout(() => console.log(process.listenerCount('beforeExit'), process.listenerCount('uncaughtException'),
      process.listenerCount('unhandledRejection'), process.listenerCount('warning')), 20)`,
    arrives: true,
  },
  {
    title: 'ten listeners of its own, and a limit that it sets',
    source: `import http from 'node:http'
const ten = (emitter, event) => { for (let i = 0; i < 10; i++) emitter.on(event, () => {}) }
for (const event of ['exit', 'SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtExceptionMonitor']) ten(process, event)
const server = http.createServer((request, response) => { ten(response, 'close'); response.end() })
server.listen(0, () => {
  const request = http.get({ port: server.address().port, agent: false }, (answer) => answer.resume().on('end', () => server.close()))
  ten(request, 'close')
})
process.setMaxListeners(12)
process.on('exit', () => {}).on('exit', () => {})`,
    arrives: true,
  },
  {
    title: 'a limit for all emitters that it sets later',
    source: `import { EventEmitter } from 'node:events'
EventEmitter.defaultMaxListeners = 20
for (let i = 0; i < 20; i++) process.on('exit', () => {})`,
    arrives: true,
  },
  {
    title: 'a child without a preload that tells its environment',
    source: `import { execFile } from 'node:child_process'
const env = { A: '1' }
execFile(process.execPath, ['-p', 'Object.keys(process.env).join()'], { env }, (_, told) => console.log(told))`,
    arrives: true,
  },
  {
    title: 'a fetch of nothing that could be fetched',
    source: `for (const given of [[], [null], [{}], ['nowhere'], ['http://127.0.0.1:1/', { method: Symbol('odd') }]]) {
  await fetch(...given).catch((error) => console.log(error.name, error.message))
}
console.log(fetch.name, fetch.length)`,
    arrives: true,
  },
  {
    title: 'beforeExit with more to do',
    source: `let left = 3
process.on('beforeExit', (code) => { console.log('before', code, left); if (left-- > 0) setTimeout(() => {}, 5) })
process.on('exit', (code) => console.log('exit', code))`,
    arrives: true,
  },
  {
    title: 'exit listeners that change the code, twice',
    source: `process.on('exit', () => { process.exitCode = 6 })
process.on('exit', (code) => { console.log(code, process.exitCode); process.exit(8) })`,
    arrives: true,
  },
  {
    title: 'an uncaughtException handler',
    source: `process.on('uncaughtException', (error, origin) => console.log(error.message, origin))
setTimeout(() => { throw new Error('caught') })`,
    arrives: true,
  },
  {
    title: 'a domain',
    file: 'agent.cjs',
    source: `const domain = require('node:domain').create()
domain.on('error', (error) => console.log('domain', error.message))
domain.run(() => setTimeout(() => { throw new Error('caught') }))`,
    arrives: true,
  },
  {
    title: 'a capture callback',
    source: `process.setUncaughtExceptionCaptureCallback((error) => console.log('captured', error.message))
setTimeout(() => { throw new Error('caught') })`,
    arrives: true,
  },
  {
    title: 'worker threads, one of which throws',
    source: `import { isMainThread, Worker } from 'node:worker_threads'
if (isMainThread) {
  new Worker(new URL(import.meta.url), { workerData: 1 })
    .on('error', (error) => console.log('worker', error.message)).on('exit', (code) => console.log('code', code))
} else throw new Error('broken')`,
    arrives: true,
  },
  {
    title: 'a reader of standard input',
    source: 'process.stdin.pipe(process.stdout)',
    input: 'a\nb\n',
    arrives: true,
  },
  {
    title: 'a pipe that nobody reads any more',
    source: `${ready}setTimeout(() => console.log('more'), 100)\nsetTimeout(() => console.log('and more'), 150)`,
    closesPipe: true,
    arrives: true,
  },
  {
    title: 'a script from standard input',
    source: '',
    instead: ['-'],
    input: "console.log('from stdin', process.argv.length)",
    arrives: true,
  },
  {
    title: '--eval',
    source: '',
    instead: ['-e', "console.log('evaluated'); process.exit(2)"],
    arrives: true,
  },
  { title: '--print', source: '', instead: ['-p', '6 * 7'], arrives: true },
  { title: '--check', source: 'const a =', node: ['--check'], arrives: true },
  {
    title: 'a wait that never ends',
    source: 'await new Promise(() => {})',
    arrives: true,
  },
  {
    title: 'node --test',
    node: ['--test', '--test-reporter=tap', '--test-isolation=none'],
    source: `import test from 'node:test'
test('passes', () => {})
test('fails', () => { throw new Error('broken') })`,
    arrives: true,
  },
  {
    title: 'a child process that ends badly',
    source: `import { spawnSync } from 'node:child_process'
console.log(spawnSync(process.execPath, ['-e', 'process.exit(7)']).status)`,
    arrives: true,
  },
  {
    title: 'too little memory',
    node: ['--max-old-space-size=20'],
    source: 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))',
    arrives: false,
  },
]

/** Node's own traces tell whether there was a preload, whichever. */
const nothing = 'data:text/javascript,'

let folder: string
let receiver: Receiver
beforeAll(async () => {
  await buildProbe()
  folder = await mkdtemp(join(tmpdir(), 'perfmon-corpus-'))
  receiver = await startReceiver()
}, 30_000)
afterAll(async () => {
  await receiver.close()
  await rm(folder, { recursive: true, force: true })
})

const run = async (
  { node = [], instead, input, signal, closesPipe }: SmallAgent,
  { path, service, preload }: { path: string; service: string; preload: readonly string[] },
) => {
  const child = spawn(process.execPath, [...preload, ...node, ...(instead ?? [path])], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_SERVICE_NAME: service,
      PERFMON_EXIT_WAIT_MS: '5000',
    },
  })
  const written = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text
    if (!written.stdout.includes('ready')) return
    if (signal !== undefined) child.kill(signal)
    if (closesPipe) child.stdout.destroy()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  const [code, by] = await once(child, 'close')
  return { code, by, ...written }
}

/** What differs from run to run without anybody's doing: process ids, times, addresses of the crash report. */
const withoutChance = ({ stdout, stderr, ...end }: Awaited<ReturnType<typeof run>>) => {
  const plain = (text: string) =>
    text
      // What wraps `fetch` is a line of its traces.
      .replace(/\n +at [^\n]*agent-probe\/dist\/[^\n]*/g, '')
      .replace(/\(node:\d+\)/g, '(node:PID)')
      .replace(/duration_ms:? [\d.]+/g, 'duration_ms N')
      // Of V8 and the operating system: traces of a process that was aborted.
      .replace(/\n<--- Last few GCs --->[\s\S]*/, '\nOUT OF MEMORY')
      .replace(/----- Native stack trace -----[\s\S]*/, 'NATIVE STACK TRACE')
  return { ...end, stdout: plain(stdout), stderr: plain(stderr) }
}

describe.each(agents)('$title', (agent) => {
  test('is the same with the probe and without', { timeout: 20_000 }, async () => {
    const index = agents.indexOf(agent)
    const service = `agent-${index}`
    const path = join(folder, agent.file ?? `agent-${index}.mjs`)
    await writeFile(path, agent.source)
    const bare = await run(agent, { path, service: 'bare', preload: ['--import', nothing] })
    const probed = await run(agent, { path, service, preload: ['--import', registerFile] })
    expect(withoutChance(probed)).toEqual(withoutChance(bare))
    const last = receiver.reports.findLast(({ resource }) => resource['service.name'] === service)
    expect(last?.metrics.has('perfmon.agent.exit') ?? false).toBe(agent.arrives)
  })
})
