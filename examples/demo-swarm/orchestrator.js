import { limitConcurrency } from './limit-concurrency.js'
import { postJson } from './post-json.js'
import { HttpError, serveAgent } from './serve-agent.js'

// The orchestrator: invents research tasks, sends each to all workers, and their notes to the researcher.
const workerUrls = (process.env.WORKER_URLS ?? '').split(',').filter(Boolean)
const researcherUrl = process.env.RESEARCHER_URL
const tasksPerSecond = Number(process.env.TASKS_PER_SECOND ?? 2)

/**
 * Tasks that are worked on at a time; one more is turned away. Room for half a minute of tasks, so that slow
 * tools make the swarm slow and not, at once, deaf.
 */
const maxOpenTasks = 60
const callWorker = limitConcurrency(100)

const counts = { open: 0, done: 0, failed: 0, turnedAway: 0 }

async function research(topic) {
  if (counts.open >= maxOpenTasks) {
    counts.turnedAway++
    throw new HttpError(503, `${maxOpenTasks} tasks are open already`)
  }
  counts.open++
  try {
    const parts = await Promise.allSettled(
      workerUrls.map((url) => callWorker(() => postJson(`${url}/task`, { topic }))),
    )
    const notes = parts.flatMap((part) => part.value?.answer ?? [])
    // One missing opinion can be borne; without any there is nothing to go on from.
    if (notes.length === 0) throw new HttpError(502, parts[0]?.reason?.message ?? 'there are no workers')
    const { answer } = await postJson(`${researcherUrl}/task`, { topic, notes })
    counts.done++
    return { topic, answer }
  } catch (error) {
    counts.failed++
    throw error
  } finally {
    counts.open--
  }
}

const subjects = [
  'heat pumps',
  'tide tables',
  'paper folding',
  'bird migration',
  'bridge cables',
  'sourdough',
]
const aspects = ['the history of', 'the cost of', 'the limits of', 'new results on']
const oneOf = (list) => list[Math.floor(Math.random() * list.length)]

let timer
/** Steady, but not like a metronome: each pause is between 70 % and 130 % of the mean one. */
function inventTasks() {
  timer = setTimeout(
    () => {
      // Its failure is counted in there; a user would see it, this loop only goes on.
      research(`${oneOf(aspects)} ${oneOf(subjects)}`).catch(() => {})
      inventTasks()
    },
    (1000 / tasksPerSecond) * (0.7 + 0.6 * Math.random()),
  )
}

await serveAgent({
  routes: {
    'GET /status': () => counts,
    'POST /task': ({ topic }) => research(String(topic ?? 'anything').slice(0, 200)),
  },
  onStop: () => clearTimeout(timer),
})
inventTasks()
