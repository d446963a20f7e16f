import { once } from 'node:events'
import { createServer } from 'node:http'

const maxBodyBytes = 64 * 1024

/** Thrown by a route to answer with this status; everything else that is thrown is a 500. */
export class HttpError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/**
 * The shell of every agent here: a JSON server on 127.0.0.1 that says when it is ready and ends when it is
 * told to, or when the process that started it is gone.
 *
 * @param {object} options
 * @param {Record<string, (body: any) => any>} options.routes for example `'POST /task'`; what it returns is the answer
 * @param {() => void} [options.onStop] stops timers and loops, so that the process can end by itself
 * @returns {Promise<{ url: string, server: import('node:http').Server }>}
 */
export async function serveAgent({ routes, onStop = () => {} }) {
  const server = createServer((request, response) => {
    const send = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    answer(routes, request).then(
      (body) => send(200, body ?? {}),
      (error) => {
        // Nothing more of a refused body is read, so the connection cannot be used again.
        if (error.status === 413) response.setHeader('connection', 'close')
        send(error.status ?? 500, { error: error.message })
      },
    )
  })
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
  await once(server, 'listening')

  const stop = () => {
    onStop()
    server.close()
    server.closeAllConnections()
    if (process.connected) process.disconnect()
    // Work that takes longer than this is given up.
    setTimeout(() => process.exit(0), 500).unref()
  }
  process.once('SIGTERM', stop)
  // Ctrl-C reaches every process of a terminal; a parent wants to stop its agents in its own order.
  process.on('SIGINT', () => process.connected || stop())
  // A parent that was killed cannot say goodbye, but its end of the channel closes.
  process.once('disconnect', stop)

  const url = `http://127.0.0.1:${server.address().port}`
  console.log(JSON.stringify({ ready: true, url }))
  return { url, server }
}

async function answer(routes, request) {
  const route = `${request.method} ${request.url.split('?', 1)[0]}`
  if (!Object.hasOwn(routes, route)) {
    throw new HttpError(404, `nothing here; there are ${Object.keys(routes).join(', ')}`)
  }
  return await routes[route](request.method === 'POST' ? await readBody(request) : {})
}

async function readBody(request) {
  // Browsers send other content types to any local port without asking first; JSON they may not.
  if (!request.headers['content-type']?.startsWith('application/json')) {
    throw new HttpError(415, 'send JSON, with the header "content-type: application/json"')
  }
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > maxBodyBytes)
      throw new HttpError(413, `the body is longer than ${maxBodyBytes} characters`)
  }
  try {
    return JSON.parse(text) ?? {}
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${error.message}`)
  }
}
