import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perfmon-config-'))
  await buildProbe()
}, 30_000)
afterAll(() => rm(folder, { recursive: true }))
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

// Serves and makes one request of each kind, starts a worker, and says which hooks there are.
const source = `
import http from 'node:http'
import { channel } from 'node:diagnostics_channel'
import { Worker } from 'node:worker_threads'
console.log(JSON.stringify(Object.fromEntries(
  ['http.server.request.start', 'http.client.request.created', 'undici:request:create', 'worker_threads', 'child_process']
    .map((name) => [name, channel(name).hasSubscribers]))))
const server = http.createServer((request, response) => response.end())
server.listen(0, '127.0.0.1', async () => {
  const url = 'http://127.0.0.1:' + server.address().port
  await (await fetch(url)).text()
  await new Promise((resolve) => http.get(url, { agent: false }, (response) => response.resume().on('end', resolve)))
  await new Promise((resolve) => new Worker('', { eval: true }).on('exit', resolve))
  server.close()
  server.closeAllConnections()
})`

const run = async (env: Record<string, string>) => {
  const agent = await runAgent({ source, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env } })
  const { code, stdout, stderr } = await agent.ended
  const names = [...(receiver.reports.at(-1)?.metrics.keys() ?? [])]
  return { code, stderr, hooks: JSON.parse(stdout) as Record<string, boolean>, names }
}

test('a source that is switched off is not hooked, and tells nothing', async () => {
  const { hooks, names, stderr } = await run({
    PERFMON_DISABLED_SOURCES: 'http,ai,messages,workers,children,gc,heap,eventloop',
  })
  expect(stderr).toBe('')
  expect(Object.values(hooks)).toEqual([false, false, false, false, false])
  expect(names.filter((name) => !/^(process|perfmon\.(probe|agent))\./.test(name))).toEqual([])

  const kept = await run({ PERFMON_DISABLED_SOURCES: 'http.client.fetch,process,ai' })
  expect(kept.hooks).toMatchObject({
    'http.server.request.start': true,
    'http.client.request.created': true,
    'undici:request:create': false,
  })
  expect(kept.names).toEqual(
    expect.arrayContaining(['http.server.request.duration', 'v8js.memory.heap.used']),
  )
  expect(kept.names.filter((name) => name.startsWith('process.'))).toEqual([])
})

test('a name that is no source: one line says which there are, and the rest of the list holds', async () => {
  const { stderr, names } = await run({ PERFMON_DISABLED_SOURCES: 'gcc,heap' })
  expect(stderr).toMatch(
    /^perfmon: PERFMON_DISABLED_SOURCES: there is no source "gcc"; there are process, eventloop, [^\n]+\.\n$/,
  )
  expect(names).not.toContain('v8js.memory.heap.used')
})

test('a configuration file sets what no variable does, names what is wrong, and switches off too', async () => {
  const file = join(folder, 'perfmon.json')
  const env = { PERFMON_CONFIG_FILE: file }
  await writeFile(
    file,
    JSON.stringify({
      serviceName: 'from-file',
      swarm: 'from-file',
      disabledSources: ['http.server'],
      temporality: 'sideways',
    }),
  )
  const { stderr, hooks } = await run({ ...env, PERFMON_SWARM: 'from-variable' })
  expect(hooks['http.server.request.start']).toBe(false)
  expect(receiver.reports.at(-1)!.resource).toMatchObject({
    'service.name': 'from-file',
    'service.namespace': 'from-variable',
  })
  expect(stderr).toBe(
    `perfmon: temporality of ${file}="sideways" is not one of cumulative, delta, lowmemory; using cumulative.\n`,
  )

  await writeFile(file, '{"level":')
  const broken = await run(env)
  expect(broken).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^perfmon: PERFMON_CONFIG_FILE .*\n$/),
  })
  expect(broken.names).toContain('http.server.request.duration')

  const before = receiver.reports.length
  await writeFile(file, '{"disabled": true}')
  expect(Object.values((await run(env)).hooks)).toEqual([false, false, false, false, false])
  expect(receiver.reports).toHaveLength(before)
})
