import { BadRequest, requireModel } from './bad-request.js'
import { openAiErrorBody } from './chat-completions.js'

/** OpenAI's Embeddings: a short vector for each text, the same for the same text. */
export const embeddings = {
  name: 'embeddings',
  path: '/v1/embeddings',
  readQuestion,
  wholeAnswer,
  // Nobody caches embeddings, and they never end early.
  finishReason: () => undefined,
  tells: [],
  errorBody: openAiErrorBody,
}

/**
 * @param {any} body
 * @returns {import('./make-reply.js').Question}
 */
function readQuestion(body) {
  const inputs = typeof body.input === 'string' ? [body.input] : body.input
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw new BadRequest('"input" must be a text or a list with at least one')
  }
  return {
    model: requireModel(body),
    stream: false,
    topic: '',
    prompt: inputs.join(' '),
    tools: [],
    forcedTool: null,
    hasToolResult: false,
    answerSchema: null,
    // An embedding says nothing: there are no output tokens.
    maxOutputTokens: 0,
  }
}

function wholeAnswer({ question, reply, body }) {
  const inputs = typeof body.input === 'string' ? [body.input] : body.input
  const { inputTokens } = reply.usage
  return {
    object: 'list',
    data: inputs.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(String(text)) })),
    model: question.model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  }
}

const vectorOf = (text) =>
  Array.from({ length: 8 }, (_, index) => ((text.charCodeAt(index % (text.length || 1)) || 0) % 100) / 100)
