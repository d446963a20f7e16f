// Many agents in one process: each path of one server is one, and answers `metrics_request`.
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 4_096, perMessageDeflate: false })
let answers = 0
server.on('connection', (socket, request) => {
  const agentId = request.url.slice(1)
  socket.on('message', (data) => {
    const { requestId } = JSON.parse(data.toString())
    answers += 1
    const vitals = {
      cpu: Math.random() * 90,
      memory: 40,
      responseTime: 20,
      errorRate: 0,
      activeConnections: 2,
      requestRate: 5,
    }
    socket.send(
      JSON.stringify({
        type: 'metrics_response',
        requestId,
        agentId,
        agentType: 'worker',
        swarm: 'bench',
        ...vitals,
      }),
    )
  })
})
server.on('listening', () => process.send({ port: server.address().port }))
process.on('message', () => process.send({ answers, connections: server.clients.size }))
process.on('disconnect', () => process.exit(0))
