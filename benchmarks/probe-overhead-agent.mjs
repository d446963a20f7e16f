import { createServer } from 'node:http'

/**
 * The agent that benchmarks/probe-overhead.mjs measures: about 100 µs of JSON work per task, a model call by
 * fetch on every second task, one failure in fifty. Answers questions about itself over IPC.
 */
const model = process.env.MODEL_URL
const task = JSON.stringify({
  steps: Array.from({ length: 40 }, (_, step) => ({ step, text: 'think '.repeat(4) })),
})
let tasks = 0

const work = () => {
  let size = 0
  for (let round = 0; round < 4; round++) size += JSON.stringify(JSON.parse(task)).length
  return size
}

const server = createServer(async (_request, response) => {
  tasks++
  const number = tasks
  const size = work()
  if (number % 2 === 0) await (await fetch(model)).text()
  if (number % 50 === 0) response.statusCode = 500
  response.end(String(size))
})

process.on('message', (question) => {
  if (question === 'collect') globalThis.gc?.()
  process.send({ cpu: process.cpuUsage(), rssBytes: process.memoryUsage.rss() })
})
// The load comes in slices: a connection must survive the pause between two.
server.keepAliveTimeout = 300_000
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
