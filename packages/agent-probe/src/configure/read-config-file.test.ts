import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configKeys } from './config-keys.ts'
import { readConfigFile } from './read-config-file.ts'

const read = (text: string) => readConfigFile('/etc/perfmon.json', () => text)

test('every kind of setting becomes the variable it stands for', () => {
  expect(
    read(
      JSON.stringify({
        endpoint: 'http://receiver:4318',
        headers: { 'x-tenant': 'blue,green', accept: '100%' },
        intervalMs: 500,
        ai: false,
        disabledSources: ['gc', 'http.client'],
        webSocket: { port: 3000, host: '127.0.0.1' },
      }),
    ),
  ).toEqual({
    warnings: [],
    variables: {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://receiver:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue%2Cgreen,accept=100%25',
      PERFMON_INTERVAL_MS: '500',
      PERFMON_AI: 'off',
      PERFMON_DISABLED_SOURCES: 'gc,http.client',
      PERFMON_WS_PORT: '3000',
      PERFMON_WS_HOST: '127.0.0.1',
    },
  })
})

test.each([
  ['{"token": "secret",\n  "level"}', 'is not JSON, look at line 2 column'],
  ['', 'is not JSON, look at its end; all of it is ignored'],
  ['["gc"]', 'must hold an object such as'],
  ['{"intervalMs": "1000"}', 'intervalMs must be a number. The rest of it is used'],
  ['{"headers": {"a": 1}, "ai": "yes"}', 'headers must be an object of texts; ai must be true or false'],
  ['{"intervalms": 1, "webSocket": {"prt": 1}}', 'there is no setting "intervalms", "webSocket.prt"'],
  ['{"__proto__": {"x": 1}, "constructor": 1}', 'there is no setting'],
])('%s: one sentence says what, where and what to do', (text, sentence) => {
  const { warnings } = read(text)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain('PERFMON_CONFIG_FILE "/etc/perfmon.json"')
  expect(warnings[0]).toContain(sentence)
  expect(warnings[0]).not.toContain('secret')
})

test('what is wrong in one place takes nothing else with it', () => {
  expect(read('{"intervalMs": true, "level": "minimal"}').variables).toEqual({ PERFMON_LEVEL: 'minimal' })
})

test('a file that is not there is named, with the reason', () => {
  expect(readConfigFile('/nowhere/perfmon.json').warnings).toEqual([
    'PERFMON_CONFIG_FILE "/nowhere/perfmon.json" cannot be read (ENOENT): name a file that is there; it is ignored',
  ])
})

test('every variable that the README lists can be set in the file', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const settings = readme.slice(readme.indexOf('## Settings'), readme.indexOf('## What is measured'))
  const listed = settings
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => /`([A-Z_]+)`/.exec(line)![1]!)
  const known = new Set(Object.values(configKeys).map(({ variable }) => variable))
  expect(listed.filter((variable) => !known.has(variable))).toEqual(['PERFMON_CONFIG_FILE'])
})
