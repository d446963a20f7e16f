import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, startReceiver } from '../testing/start-receiver.ts'

beforeAll(buildProbe, 30_000)

const built = (file: string) => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url))
const esm = `import * as api from ${JSON.stringify(built('api.js'))}`
const cjs = `const api = require(${JSON.stringify(built('api.cjs'))})`

/** Runs to its end and answers the last report. */
const lastReport = async (source: string, { file = 'agent.mjs', env = {} } = {}) => {
  const receiver = await startReceiver()
  const agent = await runAgent({
    source,
    file,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env },
  })
  const end = await agent.ended
  await receiver.close()
  return { ...end, report: receiver.reports.at(-1)! }
}

const body = `
  const { task, message, inference, cache, queue, counter, upDownCounter, histogram, gauge } = api
  const main = async () => {
    const answer = await task('summarize', { queuedAtMs: Date.now() - 1500, queue: 'inbox' }, async () => 42)
    const sync = task('summarize', () => 'sync')
    const failure = await task('summarize', async () => { throw new RangeError('secret') }).catch((error) => error.name)
    const open = task.start('crawl', { key: 'a page' }); task.start('crawl', { key: 'a page' }).fail(Object.assign(new Error(), { code: 'ENOTHING' }))
    console.log(answer, sync, failure)

    await inference({ provider: 'local', model: 'tiny' }, async (call) => call.used({ inputTokens: 100, outputTokens: 7, costUsd: 0.5 }))
    inference.done({ provider: 'local', model: 'tiny', seconds: 2, error: new TypeError('secret') })

    const embeddings = cache('embeddings', { size: () => 12 })
    embeddings.hit(3); embeddings.miss(); embeddings.evicted(2)
    queue('inbox', { size: () => 4, limit: 10 }).waited(3)

    counter('research.documents', { unit: '{document}' }).add(3, { kind: 'pdf', pages: 2 })
    counter('research.documents').add(4, { pages: 2, kind: 'pdf' })
    upDownCounter('research.open').add(5); upDownCounter('research.open').add(-2)
    histogram('research.size', { unit: 'By', bounds: [10, 20] }).record(15)
    gauge('research.temperature').record(36.6)
    gauge('research.observed', { observe: () => [{ value: 1, attributes: { of: 'a' } }, { value: 2, attributes: { of: 'b' } }] })
    const carrier = message.sent({ transport: 'pigeon' })
    console.log(message.received({ transport: 'pigeon', carrier }, () => 'handled'))
  }
  main()`

test.each([
  ['ESM', 'agent.mjs', esm],
  ['CommonJS', 'agent.cjs', cjs],
])('an agent tells what cannot be seen, %s', async (_, file, load) => {
  const { code, stdout, stderr, report } = await lastReport(`${load}${body}`, { file })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '42 sync RangeError\nhandled\n', stderr: '' })
  const value = (name: string, attributes = {}) => pointValue(report, name, attributes)
  const sum = (name: string) => report.metrics.get(name)?.points[0]?.sum

  const task = { 'perfmon.task.name': 'summarize' }
  expect(
    report.metrics.get('perfmon.task.duration')?.points.map(({ attributes, value }) => [attributes, value]),
  ).toEqual([
    [task, 2],
    [{ ...task, 'error.type': 'RangeError' }, 1],
    [{ 'perfmon.task.name': 'crawl', 'error.type': 'ENOTHING' }, 1],
  ])
  expect(value('perfmon.task.started', { 'perfmon.task.name': 'crawl' })).toBe(2)
  expect(value('perfmon.task.active', { 'perfmon.task.name': 'crawl' })).toBe(1)
  expect(value('perfmon.task.active', task)).toBe(0)
  expect(value('perfmon.task.duplicate', { 'perfmon.task.name': 'crawl' })).toBe(1)
  expect(value('perfmon.task.queue.wait.duration', { 'perfmon.queue.name': 'inbox' })).toBe(2)
  expect(sum('perfmon.task.queue.wait.duration')).toBeGreaterThan(4.4)
  expect(value('perfmon.task.queue.size')).toBe(4)
  expect(value('perfmon.task.queue.limit')).toBe(10)

  expect(value('gen_ai.client.operation.duration', { 'error.type': 'TypeError' })).toBe(1)
  expect(sum('gen_ai.client.token.usage')).toBe(100)
  expect(value('perfmon.gen_ai.client.cost')).toBe(0.5)

  expect(value('perfmon.cache.request', { 'perfmon.cache.result': 'hit' })).toBe(3)
  expect(value('perfmon.cache.size')).toBe(12)
  expect(value('perfmon.cache.eviction')).toBe(2)

  expect(report.metrics.get('research.documents')).toMatchObject({
    unit: '{document}',
    kind: 'sum',
    points: [{ value: 7, attributes: { kind: 'pdf', pages: 2 } }],
  })
  expect(value('research.open')).toBe(3)
  expect(sum('research.size')).toBe(15)
  expect(value('research.temperature')).toBe(36.6)
  expect(value('research.observed', { of: 'b' })).toBe(2)

  const pigeon = { 'perfmon.message.transport': 'pigeon' }
  expect(value('perfmon.message.sent', pigeon)).toBe(1)
  expect(value('perfmon.message.latency', { ...pigeon, 'service.peer.name': 'agent' })).toBe(1)
  expect(report.body.toString()).not.toContain('secret')
})

test('without the probe everything runs and nothing is done', async () => {
  const agent = await runAgent({ source: `${esm}${body}`, nodeOptions: [] })
  expect(await agent.ended).toMatchObject({ code: 0, stdout: '42 sync RangeError\nhandled\n', stderr: '' })
})

test('bad use never throws: one warning each, and a count', async () => {
  const { code, stderr, report } = await lastReport(`${esm}
    const { counter, histogram, gauge, task, cache } = api
    for (let time = 0; time < 3; time++) counter('no good name').add(1)
    counter('perfmon.task.duration').add(1)
    counter('mine').add(-1); counter('mine').add(NaN); counter('mine').add(1, { list: [], fine: true })
    histogram('mine').record(1)
    gauge('thrown', { observe: () => { throw new Error('oh') } })
    const cyclic = {}; cyclic.self = cyclic; counter('mine').add(1, cyclic)
    task('', () => {}); cache(undefined).hit()
    const twice = task.start('twice'); twice.complete(); twice.fail()
    for (let name = 0; name < 120; name++) counter('many.' + name).add(1)`)
  expect(code).toBe(0)
  expect(stderr.match(/instrument "no good name"/g)).toHaveLength(1)
  expect(stderr).toContain('put yours before it')
  expect(stderr).toContain('instrument mine: it is a counter already')
  const refused = (why: string) =>
    pointValue(report, 'perfmon.probe.api.refused', { 'perfmon.probe.api.refused.reason': why })
  expect(refused('name')).toBe(6)
  expect(refused('ended_twice')).toBe(1)
  expect(refused('too_many')).toBe(22)
  expect(pointValue(report, 'mine', { fine: true })).toBe(1)
})
