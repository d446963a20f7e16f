import {
  agentWorkNames,
  aiAttributeNames,
  aiMetricNames,
  attributeNames,
  type Series,
} from '@perfmon/protocol'
import { canonicalAttributes, type SeriesIdentity } from './series-key.ts'

/** One of a sender's own metrics, as a canonical one. */
interface Alias {
  readonly metric: string
  readonly unit: string
  /** Into the canonical unit. Default 1. */
  readonly scale?: number
  /** A counter that the sender has as a number, where the canonical metric is a histogram: its total is the histogram's sum. */
  readonly as?: 'sum' | 'count'
  /** Sender's attribute to ours; others are left out. */
  readonly attributes?: Readonly<Record<string, string>>
  /** Values of the sender's that are spelled otherwise, and whether the series counts at all (`null`: it does not). */
  readonly values?: Readonly<Record<string, Readonly<Record<string, string | null>>>>
  readonly set?: Readonly<Record<string, string>>
}

const { requestModel, tokenType, tokenDetail, toolName, agentName, operationName, providerName } =
  aiAttributeNames
const { errorType } = attributeNames
const chat = { [operationName]: 'chat' }
const tokens = { metric: aiMetricNames.tokenUsage, unit: '{token}', as: 'sum' } as const
const detail = { metric: aiMetricNames.tokenDetail, unit: '{token}' } as const
const call = { metric: aiMetricNames.operationDuration, unit: 's' } as const
const tool = { metric: aiMetricNames.executeToolDuration, unit: 's' } as const
const success = { success: { true: null, false: 'failed' } } as const
const liteModel = { requested_model: requestModel, model: requestModel, model_id: requestModel }

/**
 * Metrics of senders that have names of their own. What Claude Code calls input leaves out what came from the cache,
 * OpenTelemetry's input contains it: therefore three of its types add up. Gemini CLI's model calls and tokens are
 * not here: it sends the same calls as gen_ai.* too.
 */
const aliases: Readonly<Record<string, readonly Alias[]>> = {
  'claude_code.token.usage': [
    {
      ...tokens,
      attributes: { model: requestModel, 'agent.name': agentName, type: tokenType },
      values: { type: { cacheRead: 'input', cacheCreation: 'input' } },
      set: { [providerName]: 'anthropic' },
    },
    {
      ...detail,
      attributes: { model: requestModel, type: tokenDetail },
      values: { type: { input: null, output: null, cacheRead: 'cache_read', cacheCreation: 'cache_write' } },
      set: { [providerName]: 'anthropic' },
    },
  ],
  'claude_code.cost.usage': [
    {
      metric: aiMetricNames.cost,
      unit: 'USD',
      attributes: { model: requestModel, 'agent.name': agentName },
      set: { [providerName]: 'anthropic' },
    },
  ],
  'claude_code.session.count': [{ metric: agentWorkNames.sessions, unit: '{session}' }],
  'claude_code.active_time.total': [
    { metric: agentWorkNames.activeTime, unit: 's', attributes: { type: 'type' } },
  ],
  'codex.api_request.duration_ms': [
    {
      ...call,
      scale: 0.001,
      attributes: { model: requestModel, success: errorType },
      values: success,
      set: chat,
    },
  ],
  'codex.turn.ttft.duration_ms': [
    { metric: aiMetricNames.timeToFirstChunk, unit: 's', scale: 0.001, attributes: { model: requestModel } },
  ],
  'codex.turn.token_usage': [
    {
      metric: aiMetricNames.tokenUsage,
      unit: '{token}',
      attributes: { model: requestModel, token_type: tokenType },
      values: { token_type: { cached_input: null, reasoning_output: null, total: null } },
      set: { [providerName]: 'openai' },
    },
  ],
  'codex.tool.call.duration_ms': [
    { ...tool, scale: 0.001, attributes: { tool: toolName, success: errorType }, values: success },
  ],
  'codex.thread.started': [{ metric: agentWorkNames.sessions, unit: '{session}' }],
  'gemini_cli.tool.call.latency': [
    { ...tool, scale: 0.001, attributes: { function_name: toolName, success: errorType }, values: success },
  ],
  'gemini_cli.agent.duration': [
    {
      metric: aiMetricNames.invokeAgentDuration,
      unit: 's',
      scale: 0.001,
      attributes: { agent_name: agentName },
    },
  ],
  'gemini_cli.session.count': [{ metric: agentWorkNames.sessions, unit: '{session}' }],
  litellm_request_total_latency_metric: [{ ...call, attributes: liteModel, set: chat }],
  litellm_proxy_failed_requests_metric: [
    { ...call, as: 'count', attributes: { ...liteModel, exception_class: errorType }, set: chat },
  ],
  litellm_input_tokens_metric: [{ ...tokens, attributes: liteModel, set: { [tokenType]: 'input' } }],
  litellm_output_tokens_metric: [{ ...tokens, attributes: liteModel, set: { [tokenType]: 'output' } }],
  litellm_spend_metric: [{ metric: aiMetricNames.cost, unit: 'USD', attributes: liteModel }],
  'vllm:prompt_tokens': [
    { ...tokens, attributes: { model_name: requestModel }, set: { [tokenType]: 'input' } },
  ],
  'vllm:generation_tokens': [
    { ...tokens, attributes: { model_name: requestModel }, set: { [tokenType]: 'output' } },
  ],
  'vllm:e2e_request_latency_seconds': [{ ...call, attributes: { model_name: requestModel }, set: chat }],
  'vllm:time_to_first_token_seconds': [
    { metric: aiMetricNames.timeToFirstChunk, unit: 's', attributes: { model_name: requestModel } },
  ],
  'vllm:num_requests_running': [{ metric: agentWorkNames.serverRunning, unit: '{request}' }],
  'vllm:num_requests_waiting': [{ metric: agentWorkNames.serverWaiting, unit: '{request}' }],
  'vllm:kv_cache_usage_perc': [{ metric: agentWorkNames.serverCacheUsage, unit: '1' }],
  'vllm:gpu_cache_usage_perc': [{ metric: agentWorkNames.serverCacheUsage, unit: '1' }],
}

export interface CanonicalTarget {
  readonly series: SeriesIdentity
  /** What the sender's number is multiplied by. */
  readonly factor: number
}

/** The canonical series that a series of a sender's own counts in too; none for nearly all. */
export function canonicalTargets(series: Series): readonly CanonicalTarget[] {
  const known = own(aliases, series.metric) ?? own(aliases, series.metric.replace(/_total$/, ''))
  if (known === undefined) return none
  return known.flatMap((alias) => {
    const attributes = renamed(series, alias)
    if (attributes === null) return []
    const { agentId, part, kind } = series
    const scale = alias.scale ?? 1
    const isShaped = alias.as !== undefined && part === 'value'
    const isScaled = part === 'value' || part === 'sum'
    return [
      {
        factor: isScaled ? scale : 1,
        series: {
          agentId,
          metric: alias.metric,
          unit: part === 'count' || part === 'bucket' || alias.as === 'count' ? '1' : alias.unit,
          kind,
          part: isShaped ? alias.as : part,
          attributes: canonicalAttributes([
            ...Object.entries(attributes),
            ...(part === 'bucket' ? [['le', scaledBound(series.attributes.le, scale)] as const] : []),
          ]),
        },
      },
    ]
  })
}

const none: readonly CanonicalTarget[] = []

/** A sender may call a metric or a value `constructor`: what every object inherits is nothing of the table's. */
function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

const scaledBound = (le: unknown, scale: number): string =>
  String(Number((Number(le) * scale).toPrecision(12)))

/** The canonical attributes, or null where the series does not count. */
function renamed({ attributes }: Series, alias: Alias): Record<string, string | number | boolean> | null {
  const result: Record<string, string | number | boolean> = { ...alias.set }
  for (const [from, to] of Object.entries(alias.attributes ?? {})) {
    const value = attributes[from]
    if (value === undefined || value === '') continue
    const spelled = own(alias.values?.[from] ?? {}, String(value))
    if (spelled === null && to !== errorType) return null
    // A call that succeeded has no error type.
    if (spelled === null) continue
    result[to] ??= spelled ?? value
  }
  return result
}

/** Old spellings of attributes that OpenTelemetry renamed, with their new names. */
const renamedAttributes: Readonly<Record<string, string>> = {
  'gen_ai.system': providerName,
  'gen_ai.usage.prompt_tokens': 'gen_ai.usage.input_tokens',
  'gen_ai.usage.completion_tokens': 'gen_ai.usage.output_tokens',
}
const renamedValues: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [tokenType]: { prompt: 'input', completion: 'output' },
}

/** Attributes of `gen_ai.*` and `mcp.*` metrics in today's spelling; of two spellings the new one's value. */
export function modernAttributes(
  metric: string,
  attributes: Record<string, string | number | boolean>,
): Record<string, string | number | boolean> {
  if (!metric.startsWith('gen_ai.') && !metric.startsWith('mcp.')) return attributes
  const entries = Object.entries(attributes).flatMap(([key, value]) => {
    const name = own(renamedAttributes, key) ?? key
    if (name !== key && attributes[name] !== undefined) return []
    return [[name, own(own(renamedValues, name) ?? {}, String(value)) ?? value] as const]
  })
  return canonicalAttributes(entries)
}
