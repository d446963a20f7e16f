import { parentPort, workerData } from 'node:worker_threads'
import { openSocket } from '../send/open-socket.ts'
import { type PostRequest, toHttpBytes } from '../send/post-request.ts'
import { readStatus } from './read-status.ts'

/** One Int32: 0 while waiting, then the HTTP status, or -1 for a failed connection. */
const status = new Int32Array(workerData as SharedArrayBuffer)

const tell = (result: number) => {
  Atomics.compareExchange(status, 0, 0, result)
  Atomics.notify(status, 0)
}

const post = (report: PostRequest): void => {
  const socket = openSocket(report.url, report.tls)
  socket.on('error', () => tell(-1))
  socket.on('close', () => tell(-1))
  socket.write(toHttpBytes(report, 'close'))
  let head = ''
  socket.on('data', (chunk: Buffer) => {
    head += chunk.toString('latin1')
    const found = readStatus(head)
    if (found !== undefined) tell(found)
    if (found !== undefined || head.length > 64) socket.destroy()
  })
}

parentPort?.once('message', post)
