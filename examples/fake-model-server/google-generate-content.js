import { BadRequest, optionalList, optionalTokenLimit, requireMessages } from './bad-request.js'
import { textOf } from './chat-completions.js'
import { cutIntoPieces } from './make-reply.js'

const modelPath = /^\/v1(?:beta)?\/models\/([^/:]+):(generateContent|streamGenerateContent)$/

/** Google's generateContent: the path names the model, and whether the answer is streamed. */
export const googleGenerateContent = {
  name: 'google-generate-content',
  path: '/v1beta/models/{model}:generateContent',
  readQuestion,
  wholeAnswer,
  streamAnswer,
  finishReason,
  tells: ['cached', 'reasoning'],
  errorBody,
}

/** @param {string} path */
export function isGenerateContent(path) {
  return modelPath.test(path)
}

/**
 * @param {any} body
 * @param {string} path
 * @returns {import('./make-reply.js').Question}
 */
function readQuestion(body, path) {
  const [, model, method] = modelPath.exec(path) ?? []
  if (model === undefined) throw new BadRequest('the path must name a model', 404)
  const contents = requireMessages(body, 'contents')
  const lastUser = contents.findLast((content) => content.role !== 'model' && textOf(content.parts) !== '')
  const tools = optionalList(body.tools, 'tools').flatMap((tool) => tool?.functionDeclarations ?? [])
  return {
    model: decodeURIComponent(model),
    stream: method === 'streamGenerateContent',
    topic: textOf(lastUser?.parts) || 'nothing in particular',
    prompt: JSON.stringify([body.systemInstruction, contents, body.tools]),
    tools: tools.map(({ name, parameters, parametersJsonSchema }) => ({
      name,
      schema: parametersJsonSchema ?? parameters,
    })),
    forcedTool: null,
    hasToolResult: contents.some(({ parts }) => parts?.some?.((part) => part?.functionResponse)),
    answerSchema: body.generationConfig?.responseJsonSchema ?? null,
    maxOutputTokens: optionalTokenLimit(body.generationConfig?.maxOutputTokens, 'maxOutputTokens'),
  }
}

function wholeAnswer(answer) {
  const { reply } = answer
  return piece(answer, partOf(reply, reply.text), { finishReason: finishReason(reply) })
}

function* streamAnswer(answer) {
  const { reply } = answer
  for (const text of reply.toolCall ? [''] : cutIntoPieces(reply.text)) {
    yield { data: piece(answer, partOf(reply, text)), paced: true }
  }
  yield { data: piece(answer, { text: '' }, { finishReason: finishReason(reply) }) }
}

const partOf = ({ toolCall }, text) =>
  toolCall ? { functionCall: { name: toolCall.name, args: toolCall.arguments } } : { text }

/** Every part of a stream tells the usage so far. */
const piece = ({ question, reply, id }, part, more = {}) => ({
  candidates: [{ content: { parts: [part], role: 'model' }, index: 0, ...more }],
  usageMetadata: {
    promptTokenCount: reply.usage.inputTokens,
    candidatesTokenCount: reply.usage.outputTokens - reply.usage.reasoningTokens,
    totalTokenCount: reply.usage.inputTokens + reply.usage.outputTokens,
    ...(reply.usage.reasoningTokens > 0 && { thoughtsTokenCount: reply.usage.reasoningTokens }),
    ...(reply.usage.cachedTokens > 0 && { cachedContentTokenCount: reply.usage.cachedTokens }),
  },
  modelVersion: question.model,
  responseId: id,
})

function finishReason(reply) {
  return reply.cutShort ? 'MAX_TOKENS' : 'STOP'
}

function errorBody({ status, message }) {
  const states = { 404: 'NOT_FOUND', 429: 'RESOURCE_EXHAUSTED', 503: 'UNAVAILABLE' }
  return {
    error: {
      code: status,
      message,
      status: states[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL'),
    },
  }
}
