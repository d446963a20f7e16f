import { getHeapStatistics } from 'node:v8'
import { WebSocketServer } from 'ws'
import { askModel } from './ask-model.js'
import { serveAgent } from './serve-agent.js'

// An agent without the probe: it says how it is to whoever asks over WebSocket. It could be in any language;
// Perfmon polls it. Its work: it files a note with the model's help every two seconds.
const name = process.env.AGENT_NAME ?? 'archivist'
const maxRequestBytes = 4 * 1024

/** Work of the last half minute: what the numbers are made of. */
const windowMs = 30_000
const recentWork = []
let working = 0

async function fileNote() {
  const startedMs = performance.now()
  working++
  let failed = false
  try {
    await askModel({ model: 'gpt-5-mini', instructions: 'Give it a title.', question: 'A note about tides' })
  } catch {
    failed = true
  } finally {
    working--
    const endedMs = performance.now()
    recentWork.push({ endedMs, durationMs: endedMs - startedMs, failed })
    while (recentWork[0]?.endedMs < endedMs - windowMs) recentWork.shift()
  }
}
const timer = setInterval(fileNote, 2000)

let lastCpu = process.cpuUsage()
let lastCpuMs = performance.now()
let cpuPercent = 0

/** Of one core, since at least half a second ago: several may ask, and all get the same number. */
function measureCpu() {
  const nowMs = performance.now()
  if (nowMs - lastCpuMs < 500) return cpuPercent
  const { user, system } = process.cpuUsage(lastCpu)
  cpuPercent = ((user + system) / 1000 / (nowMs - lastCpuMs)) * 100
  lastCpu = process.cpuUsage()
  lastCpuMs = nowMs
  return cpuPercent
}

function describeMyself(requestId) {
  const heap = getHeapStatistics()
  const done = recentWork.length
  const failed = recentWork.filter((work) => work.failed).length
  const totalMs = recentWork.reduce((sum, work) => sum + work.durationMs, 0)
  return {
    type: 'metrics_response',
    requestId,
    agentId: `${name}-${process.pid}`,
    agentType: name,
    swarm: process.env.PERFMON_SWARM,
    cpu: measureCpu(),
    memory: (heap.used_heap_size / heap.heap_size_limit) * 100,
    responseTime: done > 0 ? totalMs / done : null,
    errorRate: done > 0 ? (failed / done) * 100 : null,
    activeConnections: sockets.clients.size,
    requestRate: done / Math.min(windowMs / 1000, process.uptime()),
    lastHeartbeat: Date.now(),
    status: failed > done / 2 ? 'error' : working + done > 0 ? 'active' : 'idle',
  }
}

function answer(data) {
  if (data.length > maxRequestBytes) {
    return { type: 'error', code: 'message-too-large', message: `at most ${maxRequestBytes} bytes, please` }
  }
  let request
  try {
    request = JSON.parse(data.toString())
  } catch {
    return { type: 'error', code: 'malformed-message', message: 'that is not JSON' }
  }
  if (request?.type === 'metrics_request') return describeMyself(request.requestId)
  return { type: 'error', code: 'unknown-type', message: 'I answer {"type":"metrics_request"} only' }
}

const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * maxRequestBytes })
sockets.on('connection', (socket) => {
  socket.on('message', (data) => socket.send(JSON.stringify(answer(data))))
  // A message over `maxPayload` ends its connection; nobody else is to notice.
  socket.on('error', () => socket.terminate())
})

const { server } = await serveAgent({
  routes: { 'GET /status': () => describeMyself() },
  onStop: () => {
    clearInterval(timer)
    for (const socket of sockets.clients) socket.terminate()
  },
})
server.on('upgrade', (request, socket, head) => {
  // A web page sends its origin and must not listen in; agents' pollers send none.
  if (request.url !== '/metrics' || request.headers.origin !== undefined || sockets.clients.size >= 100) {
    return socket.destroy()
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket))
})
