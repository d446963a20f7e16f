/**
 * The agent that is measured: about 100 µs of JSON work per task and one outgoing `fetch`: `/tool` asks a
 * plain service, `/model` calls a model (OpenAI's dialect). One answer in fifty is a failure.
 */
const task = JSON.stringify({
  steps: Array.from({ length: 40 }, (_, step) => ({ step, text: 'think '.repeat(4) })),
})
const work = () => {
  let size = 0
  for (let round = 0; round < 4; round++) size += JSON.stringify(JSON.parse(task)).length
  return size
}
const question = JSON.stringify({
  model: 'gpt-5',
  messages: [{ role: 'user', content: 'What was measured? '.repeat(40) }],
})
const askModel = () => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: question,
})

exports.serve = ({ createServer }) => {
  const sinks = process.env.SERVICE_URL
  let tasks = 0
  const server = createServer(async (request, response) => {
    tasks++
    const number = tasks
    const size = work()
    const answer = await (request.url === '/model'
      ? fetch(`${sinks}/v1/chat/completions`, askModel())
      : fetch(`${sinks}/tool`))
    const text = await answer.text()
    if (number % 50 === 0) response.statusCode = 500
    const body = String(size + text.length)
    response.setHeader('content-length', body.length)
    response.end(body)
  })
  // The load comes in slices: a connection must survive the pause between two.
  server.keepAliveTimeout = 300_000
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('disconnect', () => process.exit())
}
