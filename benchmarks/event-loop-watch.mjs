// Preload: tells the parent process how late the event loop of this one is, in milliseconds, when it is asked.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
let before = performance.eventLoopUtilization()
process.on('message', () => {
  const now = performance.eventLoopUtilization()
  const { utilization } = performance.eventLoopUtilization(now, before)
  // The histogram counts the resolution in.
  process.send({ p50: delay.percentile(50) / 1e6 - 10, p99: delay.percentile(99) / 1e6 - 10, utilization })
  delay.reset()
  before = now
})
process.channel.unref()
