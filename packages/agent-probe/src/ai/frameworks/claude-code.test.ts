import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../../testing/run-agent.ts'
import { createClaudeCode } from './claude-code.ts'

beforeAll(buildProbe, 30_000)

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

test('a real child is started with them, and this process stays as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-claude-'))
  await mkdir(join(folder, 'node_modules/@anthropic-ai/claude-agent-sdk'), { recursive: true })
  await writeFile(
    join(folder, 'claude'),
    `#!${process.execPath}\nconsole.log(process.env.CLAUDE_CODE_ENABLE_TELEMETRY, process.env.OTEL_LOGS_EXPORTER)`,
    { mode: 0o755 },
  )
  const agent = await runAgent({
    folder,
    source: `
      import { spawn } from 'node:child_process'
      spawn(${JSON.stringify(join(folder, 'claude'))}, { stdio: 'inherit' }).on('close', () =>
        console.log('mine', process.env.OTEL_LOGS_EXPORTER))`,
  })
  const { code, stdout } = await agent.ended
  await rm(folder, { recursive: true })
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1 otlp\nmine undefined\n' })
})
