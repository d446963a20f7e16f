import { expect, test } from 'vitest'
import { createClaudeCode } from './claude-code.ts'

const spawn = (
  file: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
) => {
  const given: string[][] = []
  const child = {
    spawn(options: { envPairs?: string[] }) {
      given.push(options.envPairs ?? [])
      return 0
    },
  }
  createClaudeCode({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })(child)
  const options = { file, args: [file, ...args], envPairs: Object.entries(env).map(([k, v]) => `${k}=${v}`) }
  expect(child.spawn(options)).toBe(0)
  return given[0]!
}

test.each([
  ['/usr/local/bin/claude', []],
  ['/home/me/node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/claude', []],
  ['node', ['/home/me/node_modules/@anthropic-ai/claude-agent-sdk/cli.js', '--print']],
])('%s %o reports where this agent does', (file, args) => {
  expect(spawn(file, { args, env: { PATH: '/bin' } })).toEqual([
    'PATH=/bin',
    'CLAUDE_CODE_ENABLE_TELEMETRY=1',
    'OTEL_METRICS_EXPORTER=otlp',
    'OTEL_LOGS_EXPORTER=otlp',
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9',
  ])
})

test('other programs are left alone, and so is what somebody set', () => {
  expect(spawn('/bin/sh', { args: ['-c', 'echo claude'] })).toEqual([])
  expect(spawn('claude', { env: { CLAUDE_CODE_ENABLE_TELEMETRY: '0' } })).toEqual([
    'CLAUDE_CODE_ENABLE_TELEMETRY=0',
  ])
  expect(spawn('claude', { env: { OTEL_METRICS_EXPORTER: 'console' } })).toContain(
    'OTEL_METRICS_EXPORTER=console',
  )
})
