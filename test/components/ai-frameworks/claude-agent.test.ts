import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildProbe } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import type { ReceivedReport } from '../../../packages/agent-probe/src/testing/start-receiver.ts'
import { countOf, watchAiAgent } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { need } from '../component.ts'
import { obtainPackages } from './obtain-packages.ts'

// With the real program: Claude Code comes as a package of its platform.
const packages = await obtainPackages({
  '@anthropic-ai/claude-agent-sdk': '0.3.329',
  '@anthropic-ai/sdk': '1.11.0',
  '@modelcontextprotocol/sdk': '1.32.2',
  zod: '4.6.7',
})
beforeAll(buildProbe, 30_000)

const source = `
import { createSdkMcpServer, query, tool } from '@anthropic-ai/claude-agent-sdk'
import { z } from 'zod'
process.env.ANTHROPIC_BASE_URL = process.env.MODEL_URL
const found = { content: [{ type: 'text', text: 'a secret' }] }
const search = tool('search', 'Finds', { query: z.string() }, async () => found)
const ask = async (options) => {
  const all = query({ prompt: 'a secret', options: { settingSources: [], model: 'claude-sonnet-4-5', ...options } })
  for await (const message of all) if (message.type === 'result') console.log(message.subtype, message.total_cost_usd)
}
const desk = createSdkMcpServer({ name: 'desk', tools: [search] })
await ask({ tools: [], mcpServers: { desk }, allowedTools: ['mcp__desk__search'] })
// It reads a file that is not there.
await ask({ tools: ['Read'], agent: 'reader', agents: { reader: { description: 'Reads', prompt: 'Read' } } })
await ask({ tools: ['Read'], maxTurns: 1 }).catch((error) => console.log('thrown', error.message))
`

/** What Claude Code itself reported, as deltas, from however many processes. */
const claudeCodeTold = (reports: readonly ReceivedReport[], name: string, type?: string) =>
  reports
    .filter(({ resource }) => resource['service.name'] === 'claude-code')
    .reduce((total, report) => total + countOf(report, name, type === undefined ? {} : { type }), 0)

test('the Claude Agent SDK and its own Claude Code, unmodified: both tell what the model server counted', {
  timeout: 120_000,
}, async ({ skip }) => {
  const { folder } = need(packages, skip)
  const home = await mkdtemp(join(tmpdir(), 'perfmon-claude-home-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const { report, reports, counts, code, stdout, stderr } = await watchAiAgent({
    source,
    folder,
    env: {
      HOME: home,
      ANTHROPIC_API_KEY: 'any',
      // Nothing but the model and the receiver, both on this machine, may be talked to.
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      // All tools are offered by name, as the model server calls the first it is offered.
      ENABLE_TOOL_SEARCH: 'false',
    },
  })
  expect(code, stderr).toBe(0)
  expect(counts).toMatchObject({ requests: 5, answered: 5, toolCalls: 3, errors: 0, refused: 0 })

  const agents = 'gen_ai.invoke_agent.duration'
  const framework = { 'perfmon.framework': 'claude-agent-sdk' }
  expect(countOf(report, agents, framework)).toBe(3)
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'claude' })).toBe(2)
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'reader' })).toBe(1)
  expect(countOf(report, agents, { 'error.type': 'error_max_turns' })).toBe(1)
  const tools = 'gen_ai.execute_tool.duration'
  expect(countOf(report, tools)).toBe(counts.toolCalls)
  expect(countOf(report, tools, { 'gen_ai.tool.name': 'mcp__desk__search' })).toBe(1)
  expect(
    countOf(report, tools, {
      'gen_ai.tool.name': 'Read',
      'gen_ai.agent.name': 'reader',
      'error.type': 'tool_error',
    }),
  ).toBe(1)

  // Not as calls of this process: it made none.
  expect(report.metrics.has('gen_ai.client.operation.duration')).toBe(false)
  const told = (type: string) =>
    countOf(report, 'perfmon.gen_ai.agent.token.usage', { 'gen_ai.token.type': type })
  const detail = (kind: string) =>
    countOf(report, 'perfmon.gen_ai.agent.token.detail', { 'perfmon.gen_ai.token.detail': kind })
  expect({
    inputTokens: told('input'),
    outputTokens: told('output'),
    cachedTokens: detail('cache_read'),
    cacheWriteTokens: detail('cache_write'),
  }).toEqual({
    inputTokens: counts.inputTokens,
    outputTokens: counts.outputTokens,
    cachedTokens: counts.cachedTokens,
    cacheWriteTokens: counts.cacheWriteTokens,
  })
  const spent = stdout.matchAll(/^\w+ ([\d.]+)$/gm)
  const usd = [...spent].reduce((total, [, amount]) => total + Number(amount), 0)
  expect(usd).toBeGreaterThan(0)
  expect(countOf(report, 'perfmon.gen_ai.agent.cost')).toBeCloseTo(usd, 9)

  const tokens = (type: string) => claudeCodeTold(reports, 'claude_code.token.usage', type)
  expect({
    inputTokens: tokens('input') + tokens('cacheRead') + tokens('cacheCreation'),
    outputTokens: tokens('output'),
    cachedTokens: tokens('cacheRead'),
  }).toEqual({
    inputTokens: counts.inputTokens,
    outputTokens: counts.outputTokens,
    cachedTokens: counts.cachedTokens,
  })
  expect(claudeCodeTold(reports, 'claude_code.cost.usage')).toBeCloseTo(usd, 9)
  for (const each of reports) expect(each.body.toString()).not.toContain('secret')
})
