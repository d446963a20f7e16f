// One process with two servers' worth of nothing to do: the probe's WebSocket (by --import), or a bare `ws` echo.
import { WebSocketServer } from 'ws'

if (process.argv[2] === 'echo') {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data.toString())))
  sockets.on('listening', () => process.send({ url: `ws://127.0.0.1:${sockets.address().port}` }))
}
process.on('message', () => process.send(process.cpuUsage()))
process.on('disconnect', () => process.exit(0))
