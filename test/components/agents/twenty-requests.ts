// An agent with a fixed amount of work: serves itself 20 requests in a second, two of which fail, and ends. It
// stays for another second, so that a regular report has all of it: the last one, at exit, may be lost on a
// machine that is too busy to answer within its quarter of a second.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const server = createServer((request, response) => {
  response.writeHead(request.url === '/fails' ? 500 : 200).end()
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const port = typeof address === 'object' && address !== null ? address.port : 0

for (let request = 1; request <= 20; request += 1) {
  const answer = await fetch(`http://127.0.0.1:${port}/${request % 10 === 0 ? 'fails' : 'works'}`)
  await answer.arrayBuffer()
  // Over several reports: a collector that merges or reorders them must not show.
  await sleep(50)
}
await sleep(1000)
server.close()
server.closeAllConnections()
