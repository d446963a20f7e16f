// An agent that works until it is told to stop: serves requests, makes requests, allocates, sometimes fails.
import { once } from 'node:events'
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  // Garbage enough for a collection now and then, so that there is one to measure.
  const garbage = Array.from({ length: 20_000 }, (_, index) => ({ index }))
  response.writeHead(request.url === '/fails' ? 500 : 200).end(String(garbage.length))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const port = typeof address === 'object' && address !== null ? address.port : 0

let made = 0
const work = async () => {
  made += 1
  const answer = await fetch(`http://127.0.0.1:${port}/${made % 5 === 0 ? 'fails' : 'works'}`)
  await answer.arrayBuffer()
}
const working = setInterval(() => void work().catch(() => undefined), 20)

process.once('SIGTERM', () => {
  clearInterval(working)
  server.close()
  server.closeAllConnections()
})
