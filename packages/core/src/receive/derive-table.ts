import { agentWorkNames, aiAttributeNames, aiMetricNames, attributeNames } from '@perfmon/protocol'

/** A number that a log record or span tells. Only what is named here is read: no text of anybody gets further. */
export interface Derivation {
  readonly metric: string
  readonly unit: string
  /** A histogram of values, or a counter that grows by them. */
  readonly kind: 'histogram' | 'counter'
  /** Attributes that may hold the value, the first that is there; absent: 1 for each record; `duration`: the span's own. */
  readonly value?: readonly string[] | 'duration'
  /** All of `value` that are there, added up. */
  readonly adds?: boolean
  /** Into the metric's unit. Default 1. */
  readonly scale?: number
  /** Sender's attribute to ours; of several with one target the first that is there. */
  readonly attributes?: Readonly<Record<string, string>>
  readonly set?: Readonly<Record<string, string>>
}

export interface RecordRule {
  /** The event's name, or attributes that a span must have one of these values in. */
  readonly event?: string
  readonly span?: string
  readonly where?: Readonly<Record<string, readonly string[]>>
  /** Attributes of which any of these values means failure, and those that may say which. */
  readonly failedWhere?: Readonly<Record<string, readonly string[]>>
  /** Every such record is a failure. */
  readonly isFailure?: boolean
  readonly failure?: readonly string[]
  readonly derive: readonly Derivation[]
}

const { operationName, providerName, requestModel, tokenType, agentName, toolName, tokenDetail } =
  aiAttributeNames
const model = {
  'gen_ai.request.model': requestModel,
  'gen_ai.response.model': requestModel,
  'llm.model_name': requestModel,
  'llm.request.model': requestModel,
  model: requestModel,
  model_name: requestModel,
}
const ofAgent = {
  'gen_ai.agent.name': agentName,
  'agent.name': agentName,
  agent_name: agentName,
  agent_type: agentName,
}
const provider = {
  'gen_ai.provider.name': providerName,
  'gen_ai.system': providerName,
  'llm.provider': providerName,
}
const tool = {
  'gen_ai.tool.name': toolName,
  'tool.name': toolName,
  tool_name: toolName,
  function_name: toolName,
  'traceloop.entity.name': toolName,
}

const call = (value: readonly string[] | 'duration', set: Record<string, string>, scale = 1): Derivation => ({
  metric: aiMetricNames.operationDuration,
  unit: 's',
  kind: 'histogram',
  value,
  scale,
  attributes: { ...model, ...provider, ...ofAgent, query_source: 'perfmon.query_source' },
  set,
})
const firstChunk = (value: readonly string[], scale: number): Derivation => ({
  metric: aiMetricNames.timeToFirstChunk,
  unit: 's',
  kind: 'histogram',
  value,
  scale,
  attributes: { ...model, ...provider },
})
const toolRun = (value: readonly string[] | 'duration', scale = 1): Derivation => ({
  metric: aiMetricNames.executeToolDuration,
  unit: 's',
  kind: 'histogram',
  value,
  scale,
  attributes: { ...tool, 'gen_ai.agent.name': agentName, agent_name: agentName },
})
const agentRun = (value: readonly string[] | 'duration', scale = 1): Derivation => ({
  metric: aiMetricNames.invokeAgentDuration,
  unit: 's',
  kind: 'histogram',
  value,
  scale,
  attributes: { ...ofAgent, 'traceloop.entity.name': agentName },
})
const tokens = (type: 'input' | 'output', value: readonly string[]): Derivation => ({
  metric: aiMetricNames.tokenUsage,
  unit: '{token}',
  kind: 'histogram',
  value,
  attributes: { ...model, ...provider },
  set: { [tokenType]: type },
})
/** Claude's input leaves out what came from the cache or went into it; OpenTelemetry's contains both. */
const claudeTokens: readonly Derivation[] = [
  { ...tokens('input', ['input_tokens', 'cache_read_tokens', 'cache_creation_tokens']), adds: true },
  tokens('output', ['output_tokens']),
]
const detail = (what: string, value: readonly string[]): Derivation => ({
  metric: aiMetricNames.tokenDetail,
  unit: '{token}',
  kind: 'counter',
  value,
  attributes: { ...model, ...provider },
  set: { [tokenDetail]: what },
})
const cost = (value: readonly string[]): Derivation => ({
  metric: aiMetricNames.cost,
  unit: 'USD',
  kind: 'counter',
  value,
  attributes: { ...model, ...provider },
})
const one = (metric: string, unit: string): Derivation => ({ metric, unit, kind: 'counter' })

const spanTokens = [
  tokens('input', [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'llm.token_count.prompt',
    'input_tokens',
  ]),
  tokens('output', [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
    'output_tokens',
  ]),
  detail('cache_read', [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'llm.token_count.prompt_details.cache_read',
    'cache_read_tokens',
  ]),
  detail('cache_write', [
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'llm.token_count.prompt_details.cache_write',
    'cache_creation_tokens',
  ]),
  detail('reasoning', ['gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens']),
  cost(['gen_ai.usage.cost']),
]
const failure = [
  attributeNames.errorType,
  'error_type',
  'status_code',
  'http.response.status_code',
  'error.code',
]
const chat = { [operationName]: 'chat' }

/**
 * Events and spans by whom they come from. The first rule that fits a record is the one; what fits none is not kept.
 * Claude Code as recorded; Codex CLI, Gemini CLI, OpenLLMetry, OpenInference as their documents and sources say.
 */
export const recordRules: readonly RecordRule[] = [
  {
    event: 'claude_code.api_request',
    derive: [
      call(['duration_ms'], { ...chat, [providerName]: 'anthropic' }, 0.001),
      firstChunk(['ttft_ms'], 0.001),
      ...claudeTokens,
      detail('cache_read', ['cache_read_tokens']),
      detail('cache_write', ['cache_creation_tokens']),
      cost(['cost_usd']),
    ],
  },
  {
    event: 'claude_code.api_error',
    isFailure: true,
    failure,
    derive: [call(['duration_ms'], { ...chat, [providerName]: 'anthropic' }, 0.001)],
  },
  {
    event: 'claude_code.tool_result',
    failedWhere: { success: ['false'] },
    failure,
    derive: [toolRun(['duration_ms'], 0.001)],
  },
  { event: 'claude_code.user_prompt', derive: [one(agentWorkNames.prompts, '{prompt}')] },
  { event: 'claude_code.subagent_completed', derive: [agentRun(['duration_ms'], 0.001)] },
  {
    event: 'claude_code.hook_execution_complete',
    derive: [
      {
        metric: agentWorkNames.hookDuration,
        unit: 's',
        kind: 'histogram',
        value: ['total_duration_ms'],
        scale: 0.001,
        attributes: { hook_event: 'perfmon.hook.event' },
      },
    ],
  },
  {
    event: 'codex.api_request',
    failedWhere: { success: ['false'] },
    failure: ['error.type', 'http.response.status_code', 'status'],
    derive: [call(['duration_ms'], { ...chat, [providerName]: 'openai' }, 0.001)],
  },
  {
    event: 'codex.sse_event',
    where: { 'event.kind': ['response.completed'] },
    derive: [
      tokens('input', ['input_token_count']),
      tokens('output', ['output_token_count']),
      detail('cache_read', ['cached_token_count']),
      detail('reasoning', ['reasoning_token_count']),
    ],
  },
  {
    event: 'codex.tool_result',
    failedWhere: { success: ['false'] },
    failure,
    derive: [toolRun(['duration_ms'], 0.001)],
  },
  { event: 'codex.user_prompt', derive: [one(agentWorkNames.prompts, '{prompt}')] },
  { event: 'codex.conversation_starts', derive: [one(agentWorkNames.sessions, '{session}')] },
  {
    event: 'gemini_cli.api_response',
    derive: [
      call(['duration_ms'], { ...chat, [providerName]: 'gcp.gemini' }, 0.001),
      tokens('input', ['input_token_count']),
      tokens('output', ['output_token_count']),
      detail('cache_read', ['cached_content_token_count']),
      detail('reasoning', ['thoughts_token_count']),
    ],
  },
  {
    event: 'gemini_cli.api_error',
    isFailure: true,
    failure,
    derive: [call(['duration_ms'], { ...chat, [providerName]: 'gcp.gemini' }, 0.001)],
  },
  {
    event: 'gemini_cli.tool_call',
    failedWhere: { success: ['false'] },
    failure,
    derive: [toolRun(['duration_ms'], 0.001)],
  },
  { event: 'gemini_cli.user_prompt', derive: [one(agentWorkNames.prompts, '{prompt}')] },
  {
    span: 'claude_code.llm_request',
    failedWhere: { success: ['false'] },
    failure,
    derive: [
      call('duration', chat),
      firstChunk(['ttft_ms'], 0.001),
      ...claudeTokens,
      ...spanTokens.filter(({ metric }) => metric !== aiMetricNames.tokenUsage),
    ],
  },
  { span: 'claude_code.tool', failedWhere: { success: ['false'] }, failure, derive: [toolRun('duration')] },
  {
    where: { [operationName]: ['chat', 'text_completion', 'generate_content'] },
    failure,
    derive: [
      call('duration', chat),
      firstChunk(['gen_ai.response.time_to_first_chunk', 'gen_ai.server.time_to_first_token'], 1),
      ...spanTokens,
    ],
  },
  { where: { [operationName]: ['execute_tool'] }, failure, derive: [toolRun('duration')] },
  { where: { [operationName]: ['invoke_agent'] }, failure, derive: [agentRun('duration')] },
  { where: { 'openinference.span.kind': ['LLM'] }, failure, derive: [call('duration', chat), ...spanTokens] },
  { where: { 'openinference.span.kind': ['TOOL'] }, failure, derive: [toolRun('duration')] },
  { where: { 'openinference.span.kind': ['AGENT'] }, failure, derive: [agentRun('duration')] },
  {
    where: { 'llm.request.type': ['chat', 'completion'] },
    failure,
    derive: [call('duration', chat), ...spanTokens],
  },
  { where: { 'traceloop.span.kind': ['tool'] }, failure, derive: [toolRun('duration')] },
  { where: { 'traceloop.span.kind': ['agent'] }, failure, derive: [agentRun('duration')] },
]

/** Events and spans that come from agents' programs and tell no number that is kept: taken in silence. */
export const quietPrefixes: readonly string[] = ['claude_code.', 'codex.', 'gemini_cli.']

/** Advised by semantic-conventions-genai: powers of two from 10 ms, powers of four of tokens. */
export const bucketBounds: Readonly<Record<string, readonly number[]>> = {
  s: Array.from({ length: 14 }, (_, index) => 0.01 * 2 ** index),
  '{token}': Array.from({ length: 14 }, (_, index) => 4 ** index),
}
