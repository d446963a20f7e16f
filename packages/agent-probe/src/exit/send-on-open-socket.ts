import { readSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { OpenConnection } from '../send/create-connection.ts'
import { connectNow } from '../send/open-socket.ts'
import { type PostRequest, toHttpBytes } from '../send/post-request.ts'
import { type HttpAnswer, readHttpAnswer } from '../send/read-http-answer.ts'
import { readStatus } from './read-status.ts'

const pauseMs = 1

const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)

/** Repeats a call on a non-blocking descriptor until it has something, or time is up. */
const retry = (call: () => number, untilMs: number): number => {
  for (;;) {
    try {
      return call()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() >= untilMs) throw error
      pause()
    }
  }
}

/** Not documented, but the same since Node 0.x; absent on Windows, and then the thread does it. TLS is beyond us. */
const descriptorOf = (socket: Socket): number | undefined => {
  const fd = (socket as { _handle?: { fd?: number } })._handle?.fd
  return fd === undefined || fd < 0 || socket.destroyed || 'encrypted' in socket ? undefined : fd
}

const maxAwaitedBytes = 64 * 1024

/**
 * The answer to a request that is under way, read without an event loop. `undefined` when none comes in time or
 * that is not possible; the connection is of no more use then.
 */
export const awaitAnswer = (
  { socket, received = Buffer.alloc(0) }: OpenConnection,
  waitMs: number,
): HttpAnswer | undefined => {
  const fd = descriptorOf(socket)
  if (fd === undefined) return undefined
  const untilMs = performance.now() + waitMs
  const chunk = Buffer.alloc(4096)
  let bytes: Buffer = received
  try {
    while (bytes.byteLength < maxAwaitedBytes) {
      const count = retry(() => readSync(fd, chunk, 0, chunk.byteLength, null), untilMs)
      bytes = Buffer.concat([bytes, chunk.subarray(0, count)])
      const answer = readHttpAnswer(bytes, count === 0)
      if (answer === 'broken' || (answer === undefined && count === 0)) return undefined
      if (answer !== undefined) return answer
    }
  } catch {
    // No answer in time, or a connection that is gone.
  }
  return undefined
}

/** Throws the system's error; `undefined` when the peer closed, or answers something else than HTTP. */
const post = (fd: number, report: PostRequest, waitMs: number): number | undefined => {
  const untilMs = performance.now() + waitMs
  const request = toHttpBytes(report, 'keep-alive')
  let sent = 0
  while (sent < request.byteLength) sent += retry(() => writeSync(fd, request, sent), untilMs)
  const answer = Buffer.alloc(1024)
  let received = 0
  for (;;) {
    const bytes = retry(() => readSync(fd, answer, received, answer.byteLength - received, null), untilMs)
    if (bytes === 0) return undefined
    received += bytes
    const status = readStatus(answer.toString('latin1', 0, received))
    if (status !== undefined || received === answer.byteLength) return status
  }
}

/**
 * Posts a report on an idle keep-alive connection without an event loop: straight on its descriptor, which
 * takes about 2 ms where a thread takes 40. Returns the HTTP status, or `undefined` when that is not
 * possible (no such connection, TLS, Windows, closed by the peer) and another way must be found.
 */
export const sendOnOpenSocket = ({
  socket,
  report,
  waitMs,
}: {
  socket: Socket | undefined
  report: PostRequest
  waitMs: number
}): number | undefined => {
  const fd = socket && descriptorOf(socket)
  if (fd === undefined) return undefined
  try {
    return post(fd, report, waitMs)
  } catch {
    return undefined
  }
}

/**
 * The same on a new connection to a numeric address: the kernel connects while we try to write. Returns the HTTP
 * status, 0 for no answer in time, -1 for no connection; `undefined` when another way must be found. Only on Linux,
 * where a connection that is under way is one that cannot be written to yet, and not an error.
 */
export const sendOnNewSocket = (report: PostRequest, waitMs: number): number | undefined => {
  const socket = process.platform === 'linux' ? connectNow(report.url) : undefined
  const fd = socket && descriptorOf(socket)
  if (fd === undefined) return undefined
  try {
    return post(fd, report, waitMs) ?? -1
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : -1
  } finally {
    socket?.destroy()
  }
}
