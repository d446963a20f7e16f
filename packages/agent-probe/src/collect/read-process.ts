import { totalmem } from 'node:os'
import { performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'

export interface ProcessReading {
  readonly atMs: number
  readonly cpuUserSeconds: number
  readonly cpuSystemSeconds: number
  /** Unknown where there is no `/proc`: in a bare chroot, a strict sandbox. */
  readonly rssBytes: number | undefined
  /** The container's limit, else the machine's memory. */
  readonly memoryLimitBytes: number
  readonly heapUsedBytes: number
  readonly heapLimitBytes: number
  readonly loopActiveSeconds: number
  readonly loopIdleSeconds: number
  readonly uptimeSeconds: number
}

const machineBytes = totalmem()

/** `constrainedMemory` answers 0 or an absurdly large number where there is no container. */
const readMemoryLimit = (): number => {
  const limit = process.constrainedMemory?.() ?? 0
  return limit > 0 && limit < machineBytes ? limit : machineBytes
}
// A limit hardly ever moves and the call reads files: once is enough.
const memoryLimitBytes = readMemoryLimit()

export const readCpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const readRss = (): number | undefined => {
  try {
    return process.memoryUsage.rss()
  } catch {
    return undefined
  }
}

/** About 4 µs. Avoids `process.memoryUsage()` and `os.cpus()`, which cost as much again. */
export const readProcess = (atMs: number): ProcessReading => {
  const cpu = process.cpuUsage()
  const heap = getHeapStatistics()
  const loop = performance.eventLoopUtilization()
  return {
    atMs,
    cpuUserSeconds: cpu.user / 1e6,
    cpuSystemSeconds: cpu.system / 1e6,
    rssBytes: readRss(),
    memoryLimitBytes,
    heapUsedBytes: heap.used_heap_size,
    heapLimitBytes: heap.heap_size_limit,
    loopActiveSeconds: loop.active / 1000,
    loopIdleSeconds: loop.idle / 1000,
    uptimeSeconds: process.uptime(),
  }
}

/** Used bytes by V8 heap space; spaces without anything in them are left out. */
export const readHeapSpaces = (): { name: string; usedBytes: number }[] =>
  getHeapSpaceStatistics()
    .filter((space) => space.space_used_size > 0)
    .map((space) => ({ name: space.space_name, usedBytes: space.space_used_size }))
