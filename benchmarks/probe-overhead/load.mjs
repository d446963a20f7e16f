import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { agentCore } from './cores.mjs'
import { readCoreBusyMs, readCpu } from './read-proc.mjs'

/**
 * Requests on kept connections, written and read as bytes: Node's own client would take as much CPU as the
 * agent and become what is measured at saturation.
 */
const openConnection = async (port) => {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  let text = ''
  let done
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    const head = text.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (text.length < head + 4 + length) return
    text = ''
    done()
  })
  socket.on('error', () => done?.())
  return {
    request(bytes) {
      socket.write(bytes)
      return new Promise((resolve) => {
        done = resolve
      })
    },
    close: () => socket.destroy(),
  }
}

const bytesOf = (path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: agent\r\n\r\n`)
const connections = 16

/** A client of one agent that keeps its connections over all slices. */
export const createClient = async (port) => {
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(port)))
  const all = [...free]

  /** Sends at a fixed rate; a request that finds no free connection waits, and its wait is latency. */
  const atRate = async (path, ms, requestsPerSecond) => {
    const bytes = bytesOf(path)
    const latencies = []
    const waiting = []
    let sent = 0
    let running = 0
    let finished
    const send = (dueMs) => {
      const connection = free.pop()
      if (connection === undefined) {
        waiting.push(dueMs)
        return
      }
      running++
      void connection.request(bytes).then(() => {
        latencies.push(performance.now() - dueMs)
        free.push(connection)
        running--
        if (waiting.length > 0) send(waiting.shift())
        else if (running === 0) finished?.()
      })
    }
    const startMs = performance.now()
    for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - startMs) {
      while (sent < (elapsed / 1000) * requestsPerSecond) {
        send(startMs + (sent * 1000) / requestsPerSecond)
        sent++
      }
      await wait(1)
    }
    if (running > 0)
      await new Promise((resolve) => {
        finished = resolve
      })
    return { requests: sent, latencies }
  }

  const saturated = async (path, ms) => {
    const bytes = bytesOf(path)
    const endMs = performance.now() + ms
    let requests = 0
    const latencies = []
    await Promise.all(
      all.map(async (connection) => {
        while (performance.now() < endMs) {
          await connection.request(bytes)
          requests++
        }
      }),
    )
    return { requests, latencies }
  }

  const close = () => {
    for (const connection of all) connection.close()
  }
  return { atRate, saturated, close }
}

/** One slice of load: what a request cost, how long it took, and which share of the core others had. */
export const slice = async (agent, send) => {
  const cpuBefore = readCpu(agent.pid)
  const busyBefore = readCoreBusyMs(agentCore)
  const startMs = performance.now()
  const { requests, latencies } = await send(agent.client)
  const wallMs = performance.now() - startMs
  const cpuMs = readCpu(agent.pid) - cpuBefore
  const others = Math.max(0, readCoreBusyMs(agentCore) - busyBefore - cpuMs) / wallMs
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    cpuUs: (1000 * cpuMs) / requests,
    perSecond: (1000 * requests) / wallMs,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)],
    p99Ms: sorted[Math.floor(sorted.length * 0.99)],
    others,
  }
}
