import { BadRequest, optionalList, optionalTokenLimit, requireMessages, requireModel } from './bad-request.js'
import { openAiErrorBody, textOf } from './chat-completions.js'
import { cutIntoPieces } from './make-reply.js'

const cutShortReason = 'max_output_tokens'

/** OpenAI's Responses: what `@openai/agents` speaks unless told otherwise. */
export const responses = {
  name: 'responses',
  path: '/v1/responses',
  readQuestion,
  wholeAnswer,
  streamAnswer,
  finishReason: (reply) => (reply.cutShort ? cutShortReason : 'completed'),
  tells: ['cached', 'cacheWrite', 'reasoning'],
  errorBody: openAiErrorBody,
}

/**
 * @param {any} body
 * @returns {import('./make-reply.js').Question}
 */
function readQuestion(body) {
  if (body.input === undefined) throw new BadRequest('"input" must be a text or a list of items')
  const items =
    typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : requireMessages(body, 'input')
  const lastUser = items.findLast((item) => item.role === 'user')
  const functions = optionalList(body.tools, 'tools').filter((tool) => tool?.type === 'function')
  return {
    model: requireModel(body),
    stream: body.stream === true,
    topic: textOf(lastUser?.content) || 'nothing in particular',
    prompt: JSON.stringify([body.instructions, items, body.tools]),
    tools:
      body.tool_choice === 'none'
        ? []
        : functions.map(({ name, parameters }) => ({ name, schema: parameters })),
    forcedTool: body.tool_choice?.name ?? null,
    hasToolResult: items.some((item) => item.type === 'function_call_output'),
    answerSchema: body.text?.format?.schema ?? null,
    maxOutputTokens: optionalTokenLimit(body.max_output_tokens, 'max_output_tokens'),
  }
}

function wholeAnswer({ question, reply, id, nowMs, body }) {
  return {
    ...responseHead({ question, id, nowMs, body }),
    status: reply.cutShort ? 'incomplete' : 'completed',
    incomplete_details: reply.cutShort ? { reason: cutShortReason } : null,
    output: [outputItem(reply, id)],
    usage: usageOf(reply),
  }
}

/** Every event has a name, a running number and the same shape as OpenAI's. */
function* streamAnswer(answer) {
  const { reply, id } = answer
  let sequence = 0
  const event = (type, fields, paced = false) => ({
    event: type,
    data: { type, sequence_number: sequence++, ...fields },
    paced,
  })
  const item = outputItem(reply, id)
  const place = { item_id: item.id, output_index: 0 }
  const started = { ...responseHead(answer), status: 'in_progress', output: [], usage: null }

  yield event('response.created', { response: started })
  yield event('response.in_progress', { response: started })
  if (reply.toolCall) {
    const unsaid = { ...item, status: 'in_progress', arguments: '' }
    yield event('response.output_item.added', { output_index: 0, item: unsaid }, true)
    for (const delta of cutIntoPieces(item.arguments)) {
      yield event('response.function_call_arguments.delta', { ...place, delta }, true)
    }
    yield event('response.function_call_arguments.done', { ...place, arguments: item.arguments })
  } else {
    const inPart = { ...place, content_index: 0 }
    const [part] = item.content
    yield event('response.output_item.added', {
      output_index: 0,
      item: { ...item, status: 'in_progress', content: [] },
    })
    yield event('response.content_part.added', { ...inPart, part: { ...part, text: '' } }, true)
    for (const delta of cutIntoPieces(reply.text)) {
      yield event('response.output_text.delta', { ...inPart, delta, logprobs: [] }, true)
    }
    yield event('response.output_text.done', { ...inPart, text: reply.text, logprobs: [] })
    yield event('response.content_part.done', { ...inPart, part })
  }
  yield event('response.output_item.done', { output_index: 0, item })
  const whole = wholeAnswer(answer)
  yield event(`response.${whole.status}`, { response: whole })
}

const responseHead = ({ question, id, nowMs, body }) => ({
  id: `resp_${id}`,
  object: 'response',
  created_at: Math.floor(nowMs / 1000),
  model: question.model,
  error: null,
  incomplete_details: null,
  instructions: body.instructions ?? null,
  metadata: body.metadata ?? {},
  parallel_tool_calls: body.parallel_tool_calls ?? true,
  previous_response_id: body.previous_response_id ?? null,
  temperature: body.temperature ?? 1,
  tool_choice: body.tool_choice ?? 'auto',
  tools: body.tools ?? [],
  top_p: body.top_p ?? 1,
  truncation: 'disabled',
})

function outputItem(reply, id) {
  const status = reply.cutShort ? 'incomplete' : 'completed'
  if (reply.toolCall === null) {
    const content = [{ type: 'output_text', text: reply.text, annotations: [], logprobs: [] }]
    return { id: `msg_${id}`, type: 'message', role: 'assistant', status, content }
  }
  const { name } = reply.toolCall
  const text = JSON.stringify(reply.toolCall.arguments)
  return { id: `fc_${id}`, type: 'function_call', call_id: `call_${id}`, name, arguments: text, status }
}

const usageOf = ({ usage }) => ({
  input_tokens: usage.inputTokens,
  input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: usage.cacheWriteTokens },
  output_tokens: usage.outputTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  total_tokens: usage.inputTokens + usage.outputTokens,
})
