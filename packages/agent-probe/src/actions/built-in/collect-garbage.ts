import { inspect } from '../inspect.ts'
import type { Offer } from '../offer.ts'

const measure = () => {
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
  return { heapUsedBytes: heapUsed, externalBytes: external, arrayBufferBytes: arrayBuffers, rssBytes: rss }
}

/**
 * By the inspector. The other way, `v8.setFlagsFromString('--expose-gc')`, changes a flag of a running V8, which
 * Node's documentation warns of, and puts a `gc` into every context the agent makes later.
 */
export const collectGarbage = (): Offer => ({
  description: 'Collects garbage now. Pauses the agent: tens of milliseconds per 100 MB of live heap.',
  needsPermission: true,
  isHeavy: true,
  arguments: {},
  timeLimitMs: () => 60_000,
  async run() {
    const before = measure()
    const pauseMs = await inspect(async (session) => {
      const sinceMs = performance.now()
      await session.post('HeapProfiler.collectGarbage')
      return performance.now() - sinceMs
    })
    const after = measure()
    return {
      result: { before, after, freedBytes: before.heapUsedBytes - after.heapUsedBytes, pauseMs },
      irreversible: 'Collected garbage is gone; nothing else was changed.',
    }
  },
})
