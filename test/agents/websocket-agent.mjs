// An agent that speaks nothing but the WebSocket protocol: node websocket-agent.mjs PORT. Prints its address.
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  path: '/metrics',
})
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const { requestId } = JSON.parse(data.toString())
    const agentId = `agent-${process.pid}`
    socket.send(JSON.stringify({ type: 'metrics_response', requestId, agentId, cpu: 20, memory: 40 }))
  })
})
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/metrics`))
