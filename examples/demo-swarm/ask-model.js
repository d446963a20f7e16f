import { postJson } from './post-json.js'

/**
 * One question to an OpenAI-compatible model at `MODEL_URL`.
 *
 * @param {{ model: string, instructions: string, question: string }} options
 * @returns {Promise<string>}
 */
export async function askModel({ model, instructions, question }) {
  const answer = await postJson(
    `${process.env.MODEL_URL}/v1/chat/completions`,
    {
      model,
      messages: [
        { role: 'system', content: instructions },
        { role: 'user', content: question },
      ],
    },
    { headers: { authorization: `Bearer ${process.env.MODEL_KEY ?? 'none'}` } },
  )
  return answer.choices[0].message.content
}
