/**
 * An agent that loads itself, by bytes on sockets: one thread, never waiting for another program. Each task is served
 * by `node:http`, works about 100 µs and makes one `fetch`. Says the CPU of its thread per task, slice by slice.
 */
const { createServer } = require('node:http')
const net = require('node:net')

const task = JSON.stringify({
  steps: Array.from({ length: 40 }, (_, step) => ({ step, text: 'think '.repeat(4) })),
})
const work = () => {
  let size = 0
  for (let round = 0; round < 4; round++) size += JSON.stringify(JSON.parse(task)).length
  return size
}
const listening = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))

const main = async () => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'
  const service = await listening(net.createServer((socket) => socket.on('data', () => socket.write(answer))))
  const port = await listening(
    createServer(async (_request, response) => {
      const size = work()
      const body = String(size + (await (await fetch(`http://127.0.0.1:${service}/tool`)).text()).length)
      response.setHeader('content-length', body.length)
      response.end(body)
    }),
  )
  const socket = net.connect(port, '127.0.0.1').setNoDelay()
  const one = () =>
    new Promise((resolve) => {
      socket.once('data', resolve)
      socket.write('GET /task HTTP/1.1\r\nHost: agent\r\n\r\n')
    })
  const { warmUp, slices, tasks } = JSON.parse(process.env.OWN_LOAD)
  for (let i = 0; i < warmUp; i++) await one()
  const cpuUs = []
  for (let slice = 0; slice < slices; slice++) {
    const before = process.threadCpuUsage()
    for (let i = 0; i < tasks; i++) await one()
    const { user, system } = process.threadCpuUsage(before)
    cpuUs.push((user + system) / tasks)
  }
  process.send(cpuUs, () => process.exit())
}
void main()
