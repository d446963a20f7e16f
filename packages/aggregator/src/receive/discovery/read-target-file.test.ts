import { expect, test } from 'vitest'
import { readTargetFile } from './read-target-file.ts'

test('Prometheus lists in JSON, with labels for the way and labels to keep', () => {
  const text = JSON.stringify(
    [
      { targets: ['10.0.0.5:3001'], labels: { swarm: 'scouts', team: 'blue', __meta_x: 'y' } },
      { targets: ['agent.example:443'], labels: { __scheme__: 'wss', __metrics_path__: 'vitals' } },
    ],
    null,
    '\t',
  )
  expect(readTargetFile('a.json', text)).toEqual({
    targets: [
      { url: 'ws://10.0.0.5:3001/metrics', labels: { 'service.namespace': 'scouts', team: 'blue' } },
      { url: 'wss://agent.example/vitals', labels: {} },
    ],
    mistakes: [],
  })
})

test('YAML, addresses and ranges of ports; numbers are labels too', () => {
  const text = '- targets: ["ws://localhost:300X/metrics"]\n  labels: { shard: 3, service.instance.id: me }\n'
  const { targets } = readTargetFile('a.yaml', text)
  expect(targets).toHaveLength(10)
  expect(targets![9]).toEqual({ url: 'ws://localhost:3009/metrics', labels: { shard: '3' }, isMaybe: true })
})

test('an empty list is one; an empty file is a file being written', () => {
  expect(readTargetFile('a.json', '[]').targets).toEqual([])
  expect(readTargetFile('a.json', '').targets).toBeUndefined()
})

test.each([
  ['[{"targets": ["x:1"}]', 'yaml-syntax', 1],
  ['- targets: [x:1]\n  label: {}\n', 'unknown-key', 2],
  ['- targets: [x:1]\n- targets:\n    - ok:1\n    - bad:99999\n', 'invalid-target', 4],
  ['- targets: x:1\n', 'wrong-type', 1],
  ['- &a { targets: [x:1] }\n- *a\n', 'yaml-alias', 2],
  ['- targets: ["x:1-5000"]\n- targets: ["x:6000"]\n', 'invalid-target', 2],
])('%j: one mistake and nothing of it is used', (text, code, line) => {
  const { targets, mistakes } = readTargetFile('a.yaml', text)
  expect(targets).toBeUndefined()
  expect(mistakes[0]).toMatchObject({ file: 'a.yaml', code, line })
})
