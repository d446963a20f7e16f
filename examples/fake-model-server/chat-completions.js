import { optionalList, optionalTokenLimit, requireMessages, requireModel } from './bad-request.js'
import { cutIntoPieces } from './make-reply.js'

/** OpenAI's Chat Completions: what most agents and frameworks speak. */
export const chatCompletions = {
  name: 'chat-completions',
  path: '/v1/chat/completions',
  readQuestion,
  wholeAnswer,
  streamAnswer,
  finishReason,
  tells: ['cached', 'cacheWrite', 'reasoning'],
  errorBody: openAiErrorBody,
}

/**
 * @param {any} body
 * @returns {import('./make-reply.js').Question}
 */
function readQuestion(body) {
  const messages = requireMessages(body, 'messages')
  const functions = optionalList(body.tools, 'tools').flatMap((tool) => tool?.function ?? [])
  const lastUser = messages.findLast((message) => message.role === 'user')
  return {
    model: requireModel(body),
    stream: body.stream === true,
    topic: textOf(lastUser?.content) || 'nothing in particular',
    prompt: JSON.stringify([messages, body.tools]),
    tools:
      body.tool_choice === 'none'
        ? []
        : functions.map(({ name, parameters }) => ({ name, schema: parameters })),
    forcedTool: body.tool_choice?.function?.name ?? null,
    hasToolResult: messages.some((message) => message.role === 'tool'),
    answerSchema: body.response_format?.json_schema?.schema ?? null,
    maxOutputTokens: optionalTokenLimit(
      body.max_completion_tokens ?? body.max_tokens,
      'max_completion_tokens',
    ),
  }
}

function wholeAnswer({ question, reply, id, nowMs }) {
  const message = { role: 'assistant', content: reply.toolCall ? null : reply.text, refusal: null }
  if (reply.toolCall) message.tool_calls = [toolCallItem(reply.toolCall, id)]
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: Math.floor(nowMs / 1000),
    model: question.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }],
    usage: usageOf(reply),
  }
}

/** Yields `{ data, paced }`: the server waits before each paced one, as a model that is still thinking does. */
function* streamAnswer({ question, reply, id, nowMs, body }) {
  const chunk = (choices, more = {}) => ({
    id: `chatcmpl-${id}`,
    object: 'chat.completion.chunk',
    created: Math.floor(nowMs / 1000),
    model: question.model,
    choices,
    ...more,
  })
  const delta = (change, finish_reason = null) => chunk([{ index: 0, delta: change, finish_reason }])

  yield { data: delta({ role: 'assistant', content: reply.toolCall ? null : '' }), paced: true }
  if (reply.toolCall) {
    const { function: called, ...rest } = toolCallItem(reply.toolCall, id)
    yield {
      data: delta({ tool_calls: [{ index: 0, ...rest, function: { name: called.name, arguments: '' } }] }),
    }
    for (const piece of cutIntoPieces(called.arguments)) {
      yield { data: delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] }), paced: true }
    }
  } else {
    for (const piece of cutIntoPieces(reply.text)) yield { data: delta({ content: piece }), paced: true }
  }
  yield { data: delta({}, finishReason(reply)) }
  // OpenAI tells the usage of a stream only to those who ask for it.
  if (body.stream_options?.include_usage === true) yield { data: chunk([], { usage: usageOf(reply) }) }
  yield { data: '[DONE]' }
}

const toolCallItem = (toolCall, id) => ({
  id: `call_${id}`,
  type: 'function',
  function: { name: toolCall.name, arguments: JSON.stringify(toolCall.arguments) },
})

function finishReason(reply) {
  return reply.toolCall ? 'tool_calls' : reply.cutShort ? 'length' : 'stop'
}

const usageOf = ({ usage }) => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: usage.cacheWriteTokens },
  completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
})

/** The error form that both of OpenAI's endpoints use. */
export function openAiErrorBody({ status, message }) {
  const type = status === 429 ? 'rate_limit_error' : status < 500 ? 'invalid_request_error' : 'server_error'
  const code = status === 429 ? 'rate_limit_exceeded' : null
  return { error: { message, type, param: null, code } }
}

/** Content is text, or a list of parts of which some are text. */
export function textOf(content) {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part) => (typeof part?.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join(' ')
}
