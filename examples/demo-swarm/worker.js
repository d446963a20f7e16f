import { askModel } from './ask-model.js'
import { postJson } from './post-json.js'
import { HttpError, serveAgent } from './serve-agent.js'
import { busyLoop, workHard } from './work-hard.js'

// A worker: searches and reads, asks the model, thinks. Three of it run, each in another role.
const roles = {
  summarizer: { model: 'gpt-5-mini', instructions: 'Summarize in three sentences.', rounds: 1000 },
  coder: { model: 'gpt-5', instructions: 'Write the code that shows it.', rounds: 3000 },
  reviewer: { model: 'gpt-5-mini', instructions: 'Say what is wrong with it.', rounds: 500 },
}
const role = process.env.ROLE ?? 'summarizer'
const { model, instructions, rounds } = roles[role]
const toolUrl = process.env.TOOL_URL
const busy = busyLoop()

async function doTask({ topic }) {
  const { documents } = await postJson(`${toolUrl}/tools/search`, { query: topic })
  const { text } = await postJson(`${toolUrl}/tools/read`, { id: documents[0].id })
  const answer = await askModel({ model, instructions, question: `${topic}\n\n${text}` })
  return { role, answer, checksum: workHard(answer, rounds) }
}

await serveAgent({
  routes: {
    // 502: this agent is well, one it depends on is not.
    'POST /task': (task) =>
      doTask(task).catch((error) => {
        throw new HttpError(502, `${role} cannot go on: ${error.message}`)
      }),
    'POST /control': (changes) => busy.set(changes.busy),
  },
  onStop: () => busy.set(0),
})
