import { setTimeout as sleep } from 'node:timers/promises'
import { HttpError, serveAgent } from './serve-agent.js'
import { blockFor } from './work-hard.js'

// A tool server: finds and reads documents that it makes up. `POST /control` makes it slow or broken.
const settings = {
  /** Mean; each call takes between 85 % and 115 % of it. */
  latencyMs: 40,
  /** Share of calls that fail with 500. */
  errorRate: 0,
  /** How long each call blocks the event loop. */
  blockMs: 0,
}
const most = { latencyMs: 60_000, errorRate: 1, blockMs: 10_000 }

async function asATool(answer) {
  const { latencyMs, errorRate, blockMs } = settings
  await sleep(latencyMs * (0.85 + 0.3 * Math.random()))
  blockFor(blockMs)
  if (Math.random() < errorRate) throw new HttpError(500, 'the document store does not answer')
  return answer
}

await serveAgent({
  routes: {
    'POST /tools/search': ({ query }) => {
      const topic = String(query ?? 'nothing').slice(0, 200)
      const documents = [1, 2, 3].map((number) => ({
        id: `doc-${number}`,
        title: `${topic}, part ${number}`,
      }))
      return asATool({ documents })
    },
    'POST /tools/read': ({ id }) =>
      asATool({ text: `Document ${String(id).slice(0, 100)}. ${'It has been measured. '.repeat(20)}` }),
    'GET /control': () => settings,
    'POST /control': (changes) => {
      for (const [name, value] of Object.entries(changes)) {
        if (!Object.hasOwn(settings, name))
          throw new HttpError(400, 'there are latencyMs, errorRate and blockMs')
        if (!(value >= 0 && value <= most[name])) {
          throw new HttpError(400, `"${name}" must be a number from 0 to ${most[name]}`)
        }
      }
      return Object.assign(settings, changes)
    },
  },
})
