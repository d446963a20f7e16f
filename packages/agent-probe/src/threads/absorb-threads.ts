import { BroadcastChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { createAiRecordings } from '../ai/ai-recordings.ts'
import type { Tally } from '../ai/tally.ts'
import { createCoordinationRecordings } from '../coordinate/coordination-recordings.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { DurationHistogram } from '../record/duration-histogram.ts'
import type { Recordings } from '../record/recordings.ts'
import { beatCells, beatLength, channelName, histogramCells, type ThreadMessage } from './thread-message.ts'

/** All worker threads together. Event loop and heap are each thread's own, so they are not the process's. */
export interface ThreadsReading {
  readonly running: number
  readonly started: number
  readonly loopActiveSeconds: number
  readonly loopIdleSeconds: number
  /** Of the busiest thread since the last reading, 0 to 1; absent when no thread ran. */
  readonly busiestLoop: number | undefined
  readonly heapUsedBytes: number
  /** Of the thread that is nearest to its own limit. */
  readonly fullestHeap: number
  readonly hookFailures: number
  readonly hookSeconds: number
}

/** The main thread's view of the worker threads. */
export interface Threads {
  /** A worker was made by the main thread. */
  started(worker: Worker): void
  /** Adds what threads recorded since the last time to the recordings. Waits for nobody. */
  absorb(): void
  /** After {@link absorb}. */
  read(): ThreadsReading
}

/** One shared series: adds what is new of it when called. */
type Absorb = () => void

interface Thread {
  readonly worker: Worker | undefined
  parent: number
  beat: Float64Array
  readonly series: Absorb[]
  /** Last seen of the beat. */
  activeServer: number
  activeClient: number
  loopActive: number
  loopIdle: number
  /** At the last reading. */
  readLoop: { active: number; idle: number }
}

const mainThread = 0

const absorbHistogram = (
  histogram: DurationHistogram,
  message: ThreadMessage & { kind: 'histogram' },
): Absorb => {
  const { attributes, path } = message
  const series = histogram.admit(`${path}|${JSON.stringify(attributes)}`, attributes)
  const cells = new Float64Array(message.cells)
  let seen = new Float64Array(cells.length)
  return () => {
    // The thread goes on writing: what is added is what is remembered.
    const now = cells.slice()
    const counts: number[] = []
    let isNew = false
    for (let place = histogramCells.firstBucket; place < now.length; place++) {
      const count = now[place]! - seen[place]!
      if (count > 0) isNew = true
      counts.push(count)
    }
    if (!isNew) return
    histogram.absorb(series, {
      counts,
      sum: now[histogramCells.sum]! - seen[histogramCells.sum]!,
      min: now[histogramCells.min]!,
      max: now[histogramCells.max]!,
    })
    seen = now
  }
}

const absorbTally = (tally: Tally, message: ThreadMessage & { kind: 'tally' }): Absorb => {
  const { attributes, path } = message
  const cells = new Float64Array(message.cells)
  const key = `${path}|${JSON.stringify(attributes)}`
  let seen = 0
  return () => {
    const now = cells[0]!
    if (now === seen) return
    tally.add(key, now - seen, () => attributes)
    seen = now
  }
}

/** Made when the first worker thread is started: an agent without any pays nothing. */
export const createThreads = ({
  recordings,
  guard,
}: {
  recordings: Recordings
  guard: HookGuard
}): Threads => {
  const threads = new Map<number, Thread>()
  let startedCount = 0
  /** Of threads that have ended, in milliseconds. */
  const endedLoop = { active: 0, idle: 0 }
  let endedHookFailures = 0
  let endedHookSeconds = 0

  const threadOf = (id: number, worker?: Worker): Thread => {
    const known = threads.get(id)
    if (known !== undefined) return known
    startedCount++
    const thread: Thread = {
      worker,
      parent: mainThread,
      beat: new Float64Array(beatLength),
      series: [],
      activeServer: 0,
      activeClient: 0,
      loopActive: 0,
      loopIdle: 0,
      readLoop: { active: 0, idle: 0 },
    }
    threads.set(id, thread)
    return thread
  }

  /** The recording at a place such as `ai.attempts`; what a worker does first has to be made here. */
  const recordingAt = (path: string): unknown => {
    const [owner = '', member] = path.split('.')
    if (owner === 'ai') recordings.ai ??= createAiRecordings(recordings.admission)
    if (owner === 'coordination')
      recordings.coordination ??= createCoordinationRecordings(recordings.admission)
    const found: unknown = Reflect.get(recordings, owner)
    if (member === undefined) return found
    return typeof found === 'object' && found !== null ? Reflect.get(found, member) : undefined
  }

  const ended: number[] = []
  const receive = (message: ThreadMessage) => {
    const thread = threadOf(message.thread)
    switch (message.kind) {
      case 'beat':
        thread.beat = new Float64Array(message.cells)
        return
      case 'child':
        threadOf(message.child).parent = message.thread
        return
      case 'childEnded':
        ended.push(message.child)
        return
      case 'histogram': {
        const histogram = recordingAt(message.path) as DurationHistogram | undefined
        if (histogram !== undefined)
          thread.series.push(absorbHistogram(histogram, message as ThreadMessage & { kind: 'histogram' }))
        return
      }
      case 'tally': {
        const tally = recordingAt(message.path) as Tally | undefined
        if (tally !== undefined)
          thread.series.push(absorbTally(tally, message as ThreadMessage & { kind: 'tally' }))
      }
    }
  }

  const channel = new BroadcastChannel(channelName)
  channel.unref()
  const onMessage = guard.wrap<unknown, ThreadMessage>(receive)
  channel.onmessage = ((event: { data: ThreadMessage }) =>
    onMessage.call(undefined, event.data)) as typeof channel.onmessage

  const absorbLoop = (thread: Thread) => {
    // Of a thread that we started Node itself knows, also while it is blocked; at its end it forgets.
    const live = thread.worker?.performance.eventLoopUtilization()
    thread.loopActive = Math.max(thread.loopActive, live?.active ?? 0, thread.beat[beatCells.loopActive]!)
    thread.loopIdle = Math.max(thread.loopIdle, live?.idle ?? 0, thread.beat[beatCells.loopIdle]!)
  }

  const absorbThread = (thread: Thread, isEnded: boolean) => {
    for (const absorb of thread.series) absorb()
    // Requests that were open when a thread ended are open no more.
    const server = isEnded ? 0 : thread.beat[beatCells.activeServer]!
    const client = isEnded ? 0 : thread.beat[beatCells.activeClient]!
    recordings.active.server += server - thread.activeServer
    recordings.active.client += client - thread.activeClient
    thread.activeServer = server
    thread.activeClient = client
    absorbLoop(thread)
  }

  const end = (id: number) => {
    const thread = threads.get(id)
    if (thread === undefined) return
    threads.delete(id)
    absorbThread(thread, true)
    endedLoop.active += thread.loopActive
    endedLoop.idle += thread.loopIdle
    endedHookFailures += thread.beat[beatCells.hookFailures]!
    endedHookSeconds += thread.beat[beatCells.hookSeconds]!
    // Threads end with the one that started them.
    for (const [child, { parent }] of threads) if (parent === id) end(child)
  }

  const absorb = guard.wrap(() => {
    // Who has ended is asked first: all that they said has arrived then.
    for (const [id, { worker }] of threads) if (worker?.threadId === -1) ended.push(id)
    for (;;) {
      const received = receiveMessageOnPort(channel as unknown as MessagePort)
      if (received === undefined) break
      receive(received.message as ThreadMessage)
    }
    for (const thread of threads.values()) absorbThread(thread, false)
    for (const id of ended.splice(0)) end(id)
  })

  return {
    started(worker) {
      threadOf(worker.threadId, worker)
    },
    absorb: () => absorb.call(undefined, undefined),
    read() {
      let { active, idle } = endedLoop
      let hookFailures = endedHookFailures
      let hookSeconds = endedHookSeconds
      let heapUsedBytes = 0
      let fullestHeap = 0
      let busiestLoop: number | undefined
      for (const thread of threads.values()) {
        const { beat, loopActive, loopIdle, readLoop } = thread
        active += loopActive
        idle += loopIdle
        hookFailures += beat[beatCells.hookFailures]!
        hookSeconds += beat[beatCells.hookSeconds]!
        heapUsedBytes += beat[beatCells.heapUsedBytes]!
        const limit = beat[beatCells.heapLimitBytes]!
        if (limit > 0) fullestHeap = Math.max(fullestHeap, beat[beatCells.heapUsedBytes]! / limit)
        const since = loopActive - readLoop.active
        const passed = since + loopIdle - readLoop.idle
        if (passed > 0) busiestLoop = Math.max(busiestLoop ?? 0, since / passed)
        thread.readLoop = { active: loopActive, idle: loopIdle }
      }
      return {
        running: threads.size,
        started: startedCount,
        loopActiveSeconds: active / 1000,
        loopIdleSeconds: idle / 1000,
        busiestLoop,
        heapUsedBytes,
        fullestHeap,
        hookFailures,
        hookSeconds,
      }
    },
  }
}
