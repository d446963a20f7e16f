import { readFileSync } from 'node:fs'
import { agentWorkNames, aiMetricNames } from '@perfmon/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nanos, nowMs, type Receiver, startReceiver } from './otlp-conformance/start-receiver.ts'

// Programs that send OpenTelemetry of their own accord become agents without a probe. Claude Code's bodies are recorded
// (2.1.329, slimmed to a few records of each kind); those of Codex CLI and Gemini CLI are made after the descriptions
// of what versions 0.169 and 0.61 send.

let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver({ perAgent: 1_000 })
})
afterEach(() => receiver.stop())

/** A recorded body, moved so that it happens now. */
function recorded(file: string): string {
  const text = readFileSync(new URL(`./native-fixtures/${file}`, import.meta.url), 'utf8')
  const newestMs = Math.max(...[...text.matchAll(/"(\d{13})\d{6}"/g)].map(([, ms]) => Number(ms)))
  return text.replaceAll(/"(\d{13})(\d{6})"/g, (_, ms, rest) => `"${Number(ms) - newestMs + nowMs}${rest}"`)
}

async function post(signal: 'metrics' | 'logs' | 'traces', body: string | object) {
  const answer = await receiver.send({ path: `/v1/${signal}`, body })
  expect([answer.status, String(answer.body)]).toEqual([200, '{}'])
}

/** The last value of the series that match, summed over them; null where there is none. */
async function total(agentId: string, metric: string, part = 'value', wanted: Record<string, unknown> = {}) {
  const found = receiver.series
    .ofAgent(agentId)
    .filter((one) => one.metric === metric && one.part === part)
    .filter(({ attributes }) => Object.entries(wanted).every(([key, value]) => attributes[key] === value))
  let sum: number | null = null
  for (const { id } of found) sum = (sum ?? 0) + ((await receiver.lastValue(id)) ?? Number.NaN)
  return sum === null ? null : Number(sum.toPrecision(9))
}

const metricsSession = '1ff6d56a-0404-478b-87c6-3383a9ff2882'
const logsSession = 'df217e99-945e-4baa-9c93-9c0a370814c3'

test('Claude Code: each session is an agent, with tokens and cost in canonical names', async () => {
  await post('metrics', recorded('claude-code-metrics.json'))
  const agent = receiver.agents.get(metricsSession)
  expect(agent).toMatchObject({ name: 'claude-code', swarm: 'swarm-1', reportIntervalMs: 60_000 })
  const native = (type: string) => total(metricsSession, 'claude_code.token.usage', 'value', { type })
  const [input, output, cacheRead, cacheCreation] = await Promise.all(
    ['input', 'output', 'cacheRead', 'cacheCreation'].map(native),
  )
  const tokens = (type: string) =>
    total(metricsSession, aiMetricNames.tokenUsage, 'sum', { 'gen_ai.token.type': type })
  expect(await tokens('input')).toBe(input! + cacheRead! + cacheCreation!)
  expect(await tokens('output')).toBe(output)
  const detail = { 'perfmon.gen_ai.token.detail': 'cache_write' }
  expect(await total(metricsSession, aiMetricNames.tokenDetail, 'value', detail)).toBe(cacheCreation)
  expect(await total(metricsSession, aiMetricNames.cost)).toBe(
    await total(metricsSession, 'claude_code.cost.usage'),
  )
  expect(await total(metricsSession, agentWorkNames.sessions)).toBe(1)
})

test('Claude Code: who the user is, is kept nowhere', async () => {
  for (const signal of ['metrics', 'logs', 'traces'] as const)
    await post(signal, recorded(`claude-code-${signal}.json`))
  const known = [metricsSession, logsSession].flatMap((id) => [
    receiver.agents.get(id),
    receiver.series.ofAgent(id),
  ])
  const kept = JSON.stringify(known)
  for (const text of ['user.id', '0000000000', 'REDACTED', 'tool_use_id', 'prompt.id'])
    expect(kept).not.toContain(text)
})

test('Claude Code: events tell durations of model calls and tools, and the agent has health', async () => {
  await post('logs', recorded('claude-code-logs.json'))
  expect(await total(logsSession, aiMetricNames.operationDuration, 'count')).toBe(3)
  const first = await total(logsSession, aiMetricNames.timeToFirstChunk, 'count')
  expect(first).toBe(3)
  expect(
    await total(logsSession, aiMetricNames.executeToolDuration, 'count', { 'gen_ai.tool.name': 'Bash' }),
  ).toBe(2)
  expect(await total(logsSession, agentWorkNames.prompts)).toBe(1)
  expect(receiver.agents.get(logsSession)).toMatchObject({ name: 'claude-code', reportIntervalMs: 60_000 })
  expect(receiver.ingest.stats().records.logs).toMatchObject({ unknown: 0 })
})

test('Claude Code: events sent again count once, and spans do not repeat what events told', async () => {
  await post('logs', recorded('claude-code-logs.json'))
  await post('logs', recorded('claude-code-logs.json'))
  await post('traces', recorded('claude-code-traces.json'))
  expect(await total(logsSession, aiMetricNames.operationDuration, 'count')).toBe(3)
})

test('Claude Code: spans alone tell durations too', async () => {
  await post('traces', recorded('claude-code-traces.json'))
  expect(await total(logsSession, aiMetricNames.operationDuration, 'count')).toBe(2)
  expect(await total(logsSession, aiMetricNames.executeToolDuration, 'count')).toBe(2)
})

test('Claude Code: a failed call and a failed tool are errors of the agent', async () => {
  const event = (name: string, attributes: Record<string, string>) => ({
    timeUnixNano: nanos(),
    body: { stringValue: `claude_code.${name}` },
    attributes: Object.entries({ 'session.id': 's', 'event.name': name, ...attributes }).map(
      ([key, text]) => ({
        key,
        value: { stringValue: text },
      }),
    ),
  })
  await post('logs', {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'claude-code' } }] },
        scopeLogs: [
          {
            logRecords: [
              event('api_error', {
                status_code: '529',
                duration_ms: '900',
                error: 'a text that may say anything',
              }),
              event('tool_result', { tool_name: 'Edit', success: 'false', duration_ms: '34' }),
              event('tool_result', { tool_name: 'Edit', success: 'true', duration_ms: '30' }),
              event('api_request', { duration_ms: '30', input_tokens: '5' }),
            ],
          },
        ],
      },
    ],
  })
  expect(await total('s', aiMetricNames.operationDuration, 'sum', { 'error.type': '529' })).toBe(0.9)
  expect(await total('s', aiMetricNames.executeToolDuration, 'count', { 'error.type': '_OTHER' })).toBe(1)
  expect(receiver.agents.get('s')?.vitals.errorRate).toBe(0.5)
})

const attributesOf = (attributes: Record<string, unknown>) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : value,
  }))
const ofService = (service: string, ...metrics: object[]) => ({
  resourceMetrics: [
    { resource: { attributes: attributesOf({ 'service.name': service }) }, scopeMetrics: [{ metrics }] },
  ],
})

test('Codex CLI: histograms in milliseconds become seconds, its failures errors', async () => {
  const calls = (success: boolean, count: string, sum: number) => ({
    attributes: attributesOf({ 'conversation.id': 'c', model: 'gpt-6', success }),
    startTimeUnixNano: nanos(-1_000),
    timeUnixNano: nanos(),
    count,
    sum,
    explicitBounds: [100, 1_000],
    bucketCounts: [count, '0', '0'],
  })
  const histogram = { aggregationTemporality: 1, dataPoints: [calls(true, '3', 240), calls(false, '1', 90)] }
  await post(
    'metrics',
    ofService('codex_exec', { name: 'codex.api_request.duration_ms', unit: 'ms', histogram }),
  )
  expect(await total('c', aiMetricNames.operationDuration, 'sum')).toBe(0.33)
  expect(await total('c', aiMetricNames.operationDuration, 'bucket', { le: '0.1' })).toBe(4)
  expect(await total('c', aiMetricNames.operationDuration, 'count', { 'error.type': 'failed' })).toBe(1)
  expect(receiver.agents.get('c')?.vitals.errorRate).toBe(0.25)
})

test('Gemini CLI: totals (cumulative) are followed, attributes without a value harm nobody', async () => {
  const latency = (afterMs: number, count: string, sum: number) => ({
    name: 'gemini_cli.tool.call.latency',
    unit: 'ms',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [
        {
          attributes: attributesOf({ 'session.id': 'g', function_name: 'read_file', tool_type: {} }),
          startTimeUnixNano: nanos(-1_000),
          timeUnixNano: nanos(afterMs),
          count,
          sum,
        },
      ],
    },
  })
  await post('metrics', ofService('gemini-cli', latency(0, '2', 30)))
  await post('metrics', ofService('gemini-cli', latency(10, '5', 90)))
  expect(
    await total('g', aiMetricNames.executeToolDuration, 'sum', { 'gen_ai.tool.name': 'read_file' }),
  ).toBe(0.09)
  expect(await total('g', 'gemini_cli.tool.call.latency', 'count')).toBe(5)
})

test('old spellings of OpenTelemetry, OpenLLMetry and OpenInference tell the same', async () => {
  const usage = (attributes: Record<string, string>, afterMs: number) => ({
    attributes: attributesOf(attributes),
    startTimeUnixNano: nanos(-1_000),
    timeUnixNano: nanos(afterMs),
    count: '1',
    sum: 5 + afterMs,
  })
  const dataPoints = [
    usage({ 'gen_ai.system': 'openai', 'gen_ai.token.type': 'prompt' }, 0),
    usage({ 'gen_ai.provider.name': 'openai', 'gen_ai.token.type': 'input' }, 1),
  ]
  const histogram = { aggregationTemporality: 2, dataPoints }
  await post(
    'metrics',
    ofService('worker', { name: 'gen_ai.client.token.usage', unit: '{token}', histogram }),
  )
  const ofWorker = receiver.series.ofAgent('default/worker').filter(({ part }) => part === 'sum')
  expect(ofWorker.map(({ attributes }) => attributes)).toEqual([
    { 'gen_ai.provider.name': 'openai', 'gen_ai.token.type': 'input' },
  ])
  const span = (name: string, attributes: Record<string, unknown>) => ({
    name,
    startTimeUnixNano: nanos(-500),
    endTimeUnixNano: nanos(),
    attributes: attributesOf(attributes),
  })
  await post('traces', {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': 'crew' }) },
        scopeSpans: [
          {
            spans: [
              span('ChatCompletion', {
                'openinference.span.kind': 'LLM',
                'llm.token_count.prompt': { intValue: '9' },
              }),
              span('search', { 'traceloop.span.kind': 'tool', 'traceloop.entity.name': 'search' }),
              span('chat gpt-6', { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-6' }),
              span('invoke_agent planner', {
                'gen_ai.operation.name': 'invoke_agent',
                'gen_ai.agent.name': 'planner',
              }),
            ],
          },
        ],
      },
    ],
  })
  expect(await total('default/crew', aiMetricNames.operationDuration, 'sum')).toBe(1)
  expect(await total('default/crew', aiMetricNames.tokenUsage, 'sum')).toBe(9)
  expect(await total('default/crew', aiMetricNames.executeToolDuration, 'count')).toBe(1)
  const planner = { 'gen_ai.agent.name': 'planner' }
  expect(await total('default/crew', aiMetricNames.invokeAgentDuration, 'count', planner)).toBe(1)
})

test('logs and spans of no kind that is known are refused in so many words, and counted', async () => {
  const body = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }] }
  const answer = await receiver.send({ path: '/v1/logs', body })
  expect(JSON.parse(String(answer.body))).toEqual({
    partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringContaining('agents') },
  })
  expect(receiver.ingest.stats().records.logs.unknown).toBe(1)
})
