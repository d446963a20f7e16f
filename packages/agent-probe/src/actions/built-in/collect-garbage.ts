import { inspect } from '../inspect.ts'
import type { Offer } from '../offer.ts'

const measure = () => {
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
  return { heapUsedBytes: heapUsed, externalBytes: external, arrayBufferBytes: arrayBuffers, rssBytes: rss }
}

/**
 * By `gc` where the agent was started with --expose-gc, else by the inspector, which collects all it can and pauses
 * about twice as long. The third way, `v8.setFlagsFromString('--expose-gc')`, changes a flag of a running V8, which
 * Node's documentation warns of, and puts a `gc` into every context the agent makes later.
 */
const collect = (): Promise<unknown> | undefined => {
  const { gc } = globalThis as { gc?: () => Promise<void> | undefined }
  return gc === undefined ? inspect((session) => session.post('HeapProfiler.collectGarbage')) : gc()
}

export const collectGarbage = (): Offer => ({
  description: 'Collects garbage now. Pauses the agent: up to a second per 100 MB of live heap.',
  needsPermission: true,
  isHeavy: true,
  arguments: {},
  timeLimitMs: () => 60_000,
  async run() {
    const before = measure()
    const sinceMs = performance.now()
    await collect()
    const pauseMs = performance.now() - sinceMs
    const after = measure()
    return {
      result: { before, after, freedBytes: before.heapUsedBytes - after.heapUsedBytes, pauseMs },
      irreversible: 'Collected garbage is gone; nothing else was changed.',
    }
  },
})
