import { expect, test } from 'vitest'
import { counter, histogram, readHistogram, toHrTime } from '../collect/metric-data.ts'
import { createDurationHistogram } from '../record/duration-histogram.ts'
import { createAnonymizer } from './anonymize-attributes.ts'
import { createScrubber } from './create-scrubber.ts'

const window = { startTime: toHrTime(0), endTime: toHrTime(1000) }
const descriptor = { name: 'x', description: '', unit: 's' }

test('an attribute set is looked at once, and stays the same object when there is nothing to hide', () => {
  const scrubber = createScrubber(undefined)
  const plain = { 'http.request.method': 'GET', 'server.port': 443 }
  expect(scrubber.attributes(plain)).toBe(plain)
  const secret = { 'error.type': 'Bearer abcdef123456', list: ['a', 'password=x'] }
  const clean = scrubber.attributes(secret)
  expect(clean).toEqual({ 'error.type': 'Bearer ***', list: ['a', 'password=***'] })
  expect(scrubber.attributes(secret)).toBe(clean)
})

test('series that become the same are added up', () => {
  const durations = createDurationHistogram({ bounds: [1] })
  for (const [tool, seconds] of [
    ['fetch https://a@x', 0.5],
    ['fetch https://b@x', 2],
  ] as const)
    durations.record(durations.admit(tool, { tool }), seconds)
  const scrubber = createScrubber(undefined)
  const [told] = scrubber.metrics([histogram(descriptor, readHistogram(durations), window, 1)])
  expect(told!.dataPoints).toMatchObject([
    {
      attributes: { tool: 'fetch https://***@x' },
      value: { count: 2, sum: 2.5, min: 0.5, max: 2, buckets: { counts: [1, 1] } },
    },
  ])
  const [sum] = scrubber.metrics([
    counter(
      descriptor,
      [
        { value: 1, attributes: { name: 'a@b.example' } },
        { value: 2, attributes: { name: 'c@d.example' } },
      ],
      window,
      1,
    ),
  ])
  expect(sum!.dataPoints).toMatchObject([{ attributes: { name: '***' }, value: 3 }])
})

test('names and paths become tokens, the same ones wherever the key is the same', () => {
  const settings = { names: true, paths: true, key: 'swarm secret' }
  const attributes = {
    'host.name': 'db-1.internal',
    'server.address': 'db-1.internal',
    'http.route': '/patients/:id',
    'gen_ai.request.model': 'meta-llama/Llama-4/x',
    'gen_ai.tool.name': 'search_patients',
    'error.type': 'ECONNRESET',
    script: '/home/jane/agents/planner.js',
  }
  const one = createScrubber(createAnonymizer(settings)).attributes(attributes)
  const other = createScrubber(createAnonymizer(settings)).attributes({ ...attributes })
  expect(one).toEqual(other)
  expect(one['host.name']).toMatch(/^anon-[\da-f]{12}$/)
  expect(one['server.address']).toBe(one['host.name'])
  expect(one).toMatchObject({ 'gen_ai.request.model': 'meta-llama/Llama-4/x', 'error.type': 'ECONNRESET' })
  expect(JSON.stringify(one)).not.toMatch(/patients|jane|planner|db-1/)
  const stranger = createScrubber(createAnonymizer({ ...settings, key: undefined })).attributes({
    ...attributes,
  })
  expect(stranger['host.name']).not.toBe(one['host.name'])
  // What has a token already keeps it.
  expect(createScrubber(createAnonymizer(settings)).attributes({ ...one })).toEqual(one)
})

test('names alone, paths alone', () => {
  const attributes = { 'server.address': 'db', 'http.route': '/a/:id', host: 'localhost' }
  const names = createScrubber(createAnonymizer({ names: true, paths: false, key: 'k' }))
  expect(names.attributes({ ...attributes })).toMatchObject({ 'http.route': '/a/:id', host: 'localhost' })
  const paths = createScrubber(createAnonymizer({ names: false, paths: true, key: 'k' }))
  expect(paths.attributes({ ...attributes })).toMatchObject({ 'server.address': 'db' })
})
