import { tunable } from '@perfmon/agent-probe/api'
import { askModel } from './ask-model.js'
import { limitConcurrency } from './limit-concurrency.js'
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

// What may be changed from outside while it runs. Each of them really makes it faster or slower.
const tuned = { batchSize: 3, concurrency: 32, rounds }
const tune = (name, key, bounds) =>
  tunable(name, {
    get: () => tuned[key],
    set: (value) => {
      tuned[key] = value
    },
    step: 1,
    ...bounds,
  })
tune('batch-size', 'batchSize', {
  min: 1,
  max: 10,
  unit: '{document}',
  description: 'Documents read from the tool server at a time',
})
tune('concurrency', 'concurrency', {
  min: 1,
  max: 100,
  unit: '{task}',
  description: 'Tasks worked on at a time',
})
tune('thinking', 'rounds', { min: 0, max: 20_000, description: 'Rounds of thinking about each task' })
const taken = limitConcurrency(() => tuned.concurrency)

async function readAll(documents) {
  const texts = []
  for (let first = 0; first < documents.length; first += tuned.batchSize) {
    const batch = documents.slice(first, first + tuned.batchSize)
    texts.push(...(await Promise.all(batch.map(({ id }) => postJson(`${toolUrl}/tools/read`, { id })))))
  }
  return texts.map(({ text }) => text).join('\n')
}

async function doTask({ topic }) {
  const { documents } = await postJson(`${toolUrl}/tools/search`, { query: topic })
  const text = await readAll(documents)
  const answer = await askModel({ model, instructions, question: `${topic}\n\n${text}` })
  return { role, answer, checksum: workHard(answer, tuned.rounds) }
}

await serveAgent({
  routes: {
    // 502: this agent is well, one it depends on is not.
    'POST /task': (task) =>
      taken(() => doTask(task)).catch((error) => {
        throw new HttpError(502, `${role} cannot go on: ${error.message}`)
      }),
    'POST /control': (changes) => busy.set(changes.busy),
  },
  onStop: () => busy.set(0),
})
