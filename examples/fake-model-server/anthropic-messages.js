import { BadRequest, optionalList, optionalTokenLimit, requireMessages, requireModel } from './bad-request.js'
import { textOf } from './chat-completions.js'
import { cutIntoPieces } from './make-reply.js'

/** Anthropic's Messages: what Claude Code and Anthropic's SDK speak. */
export const anthropicMessages = {
  name: 'anthropic-messages',
  path: '/v1/messages',
  readQuestion,
  wholeAnswer,
  streamAnswer,
  finishReason: stopReason,
  tells: ['cached', 'cacheWrite'],
  errorBody,
}

/**
 * @param {any} body
 * @returns {import('./make-reply.js').Question}
 */
function readQuestion(body) {
  const messages = requireMessages(body, 'messages')
  if (body.max_tokens === undefined) throw new BadRequest('"max_tokens" is required, for example 1024')
  const tools = optionalList(body.tools, 'tools').filter((tool) => tool?.input_schema !== undefined)
  const lastUser = messages.findLast((message) => message.role === 'user' && textOf(message.content) !== '')
  return {
    model: requireModel(body),
    stream: body.stream === true,
    topic: textOf(lastUser?.content) || 'nothing in particular',
    prompt: promptOf(body),
    tools:
      body.tool_choice?.type === 'none'
        ? []
        : tools.map((tool) => ({ name: tool.name, schema: tool.input_schema })),
    forcedTool: body.tool_choice?.name ?? null,
    hasToolResult: messages.some(
      ({ content }) => Array.isArray(content) && content.some((part) => part?.type === 'tool_result'),
    ),
    answerSchema: body.output_config?.format?.schema ?? null,
    maxOutputTokens: optionalTokenLimit(body.max_tokens, 'max_tokens'),
  }
}

/** Everything that counts as input, also for `/v1/messages/count_tokens`. */
export function promptOf(body) {
  return JSON.stringify([body.system, body.messages, body.tools])
}

function wholeAnswer({ question, reply, id }) {
  return {
    ...messageHead({ question, id }),
    content: [contentBlock(reply, id)],
    stop_reason: stopReason(reply),
    stop_sequence: null,
    usage: { ...inputUsage(reply), output_tokens: reply.usage.outputTokens },
  }
}

function* streamAnswer({ question, reply, id }) {
  const event = (type, fields = {}, paced = false) => ({ event: type, data: { type, ...fields }, paced })
  const block = contentBlock(reply, id)
  const usage = { ...inputUsage(reply), output_tokens: 1 }
  const started = {
    ...messageHead({ question, id }),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  }

  yield event('message_start', { message: started })
  const empty = reply.toolCall ? { ...block, input: {} } : { ...block, text: '' }
  yield event('content_block_start', { index: 0, content_block: empty }, true)
  const deltas = reply.toolCall
    ? cutIntoPieces(JSON.stringify(block.input)).map((piece) => ({
        type: 'input_json_delta',
        partial_json: piece,
      }))
    : cutIntoPieces(reply.text).map((text) => ({ type: 'text_delta', text }))
  for (const delta of deltas) yield event('content_block_delta', { index: 0, delta }, true)
  yield event('content_block_stop', { index: 0 })
  yield event('message_delta', {
    delta: { stop_reason: stopReason(reply), stop_sequence: null },
    // The count so far, not an addition: this is the message's whole output.
    usage: { ...inputUsage(reply), output_tokens: reply.usage.outputTokens },
  })
  yield event('message_stop')
}

const messageHead = ({ question, id }) => ({
  id: `msg_${id}`,
  type: 'message',
  role: 'assistant',
  model: question.model,
})

const contentBlock = (reply, id) =>
  reply.toolCall
    ? { type: 'tool_use', id: `toolu_${id}`, name: reply.toolCall.name, input: reply.toolCall.arguments }
    : { type: 'text', text: reply.text }

function stopReason(reply) {
  return reply.toolCall ? 'tool_use' : reply.cutShort ? 'max_tokens' : 'end_turn'
}

/** Unlike OpenAI's, Anthropic's `input_tokens` does not contain the cached ones. */
const inputUsage = ({ usage }) => ({
  input_tokens: usage.inputTokens - usage.cachedTokens - usage.cacheWriteTokens,
  cache_creation_input_tokens: usage.cacheWriteTokens,
  cache_read_input_tokens: usage.cachedTokens,
})

function errorBody({ status, message }) {
  const types = {
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  }
  const type = types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  return { type: 'error', error: { type, message } }
}
