import { sampleValue } from './sample-value.js'
import { seededRandom } from './seeded-random.js'

/**
 * What was asked, whatever the wire format said it in.
 * @typedef {object} Question
 * @property {string} model
 * @property {boolean} stream
 * @property {string} topic the user's last own words
 * @property {string} prompt everything that was sent to the model, for counting its tokens
 * @property {{ name: string, schema: any }[]} tools functions that the model may call
 * @property {string | null} forcedTool the tool that must be called
 * @property {boolean} hasToolResult
 * @property {any} answerSchema JSON schema that the answer must fit, or null
 * @property {number} maxOutputTokens
 */

/**
 * What providers tell of; those that have no word for a kind leave it out, and it is 0.
 * @typedef {object} Usage
 * @property {number} inputTokens contains the next two
 * @property {number} cachedTokens
 * @property {number} cacheWriteTokens
 * @property {number} outputTokens contains the next
 * @property {number} reasoningTokens
 */

/**
 * What the model says: either `text` or a `toolCall`.
 * @typedef {object} Reply
 * @property {string} text
 * @property {{ name: string, arguments: any } | null} toolCall
 * @property {boolean} cutShort `maxOutputTokens` was reached
 * @property {Usage} usage
 */

/**
 * The "model": calls the first tool it is offered once, then answers. The same question and seed give the
 * same reply, whenever it is asked.
 *
 * @param {Question} question
 * @param {{ seed: string | number, shares: { cached?: number, cacheWrite?: number, reasoning?: number } }} options
 *   by default no tokens are of such a kind
 * @returns {Reply}
 */
export function makeReply(question, { seed, shares: { cached = 0, cacheWrite = 0, reasoning = 0 } }) {
  const inputTokens = countTokens(question.prompt)
  const cachedTokens = Math.floor(inputTokens * cached)
  const cacheWriteTokens = Math.min(inputTokens - cachedTokens, Math.floor(inputTokens * cacheWrite))
  const reply = (text, toolCall, cutShort) => {
    const saidTokens = countTokens(
      toolCall === null ? text : toolCall.name + JSON.stringify(toolCall.arguments),
    )
    const reasoningTokens = Math.floor(saidTokens * reasoning)
    const outputTokens = saidTokens + reasoningTokens
    const usage = { inputTokens, cachedTokens, cacheWriteTokens, outputTokens, reasoningTokens }
    return { text, toolCall, cutShort, usage }
  }

  const tool = chooseTool(question)
  if (tool !== undefined) {
    return reply('', { name: tool.name, arguments: sampleValue(tool.schema, question.topic) ?? {} }, false)
  }
  if (question.answerSchema !== null) {
    return reply(JSON.stringify(sampleValue(question.answerSchema, question.topic)), null, false)
  }
  const text = writeAnswer(question.topic, seededRandom(`${seed} ${question.prompt}`))
  const allowed = text.slice(0, question.maxOutputTokens * charactersPerToken)
  return reply(allowed, null, allowed.length < text.length)
}

/** One result is enough: a loop that always got another tool call would never end. */
function chooseTool({ tools, forcedTool, hasToolResult }) {
  if (hasToolResult) return undefined
  return tools.find((tool) => tool.name === forcedTool) ?? tools[0]
}

/** English text, roughly; real tokenizers are large and no reader of these numbers needs them. */
const charactersPerToken = 4

/** @param {string} text */
export function countTokens(text) {
  return Math.ceil(text.length / charactersPerToken)
}

const openings = ['In short', 'From the sources', 'Looking closely', 'As far as can be said']
const subjects = [
  'the main effect',
  'the usual cause',
  'the first report',
  'the newer study',
  'a simple model',
]
const verbs = ['points to', 'agrees with', 'leaves open', 'depends on', 'explains most of']
const objects = ['the measured delay', 'the older figures', 'one shared bottleneck', 'the way work is split']

function writeAnswer(topic, random) {
  const pick = (list) => list[Math.floor(random() * list.length)]
  const sentences = Array.from(
    { length: 3 + Math.floor(random() * 4) },
    () => `${pick(openings)}, ${pick(subjects)} ${pick(verbs)} ${pick(objects)}.`,
  )
  return `About "${topic.slice(0, 120)}": ${sentences.join(' ')}`
}

/**
 * Cuts a text into the pieces a stream sends: a few words each, together exactly the text.
 * @param {string} text
 * @returns {string[]}
 */
export function cutIntoPieces(text) {
  return text.match(/(?:\S+\s*|\s+){1,4}/g) ?? []
}
