// An agent as somebody else would write it: an HTTP server that knows nothing of Perfmon.
// GET /?ms=N answers after N milliseconds, GET /fail with 500.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://agent')
  setTimeout(
    () => {
      response.statusCode = url.pathname === '/fail' ? 500 : 200
      response.end('done')
    },
    Number(url.searchParams.get('ms') ?? 0),
  )
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
