import { inspect } from '../inspect.ts'
import type { Offer } from '../offer.ts'
import type { ProfileFolder } from '../profile-folder.ts'
import { resting } from '../resting.ts'
import { writeProfile } from '../write-profile.ts'

const expectedBytes = 16 * 1024 ** 2

/** Writes what Chrome's DevTools opens: which functions allocated what is still alive at the end. */
export const heapProfile = (folder: ProfileFolder): Offer => ({
  description: 'Samples allocations into a .heapprofile file. Costs about a percent meanwhile, and no pause.',
  needsPermission: true,
  isHeavy: true,
  arguments: {
    durationMs: { type: 'number', min: 100, max: 60_000, default: 10_000, unit: 'ms' },
    // V8's own default is 32 KiB; one sample in that many bytes allocated.
    samplingBytes: { type: 'number', min: 1024, max: 16_777_216, default: 32_768, unit: 'By' },
  },
  timeLimitMs: ({ durationMs }) => Number(durationMs) + 30_000,
  async run({ durationMs, samplingBytes }) {
    return folder.fillFile({ kind: 'heap', extension: 'heapprofile', bytes: expectedBytes }, async (file) => {
      const profile = await inspect(async (session) => {
        await session.post('HeapProfiler.startSampling', { samplingInterval: Number(samplingBytes) })
        await resting(Number(durationMs))
        return (await session.post('HeapProfiler.stopSampling')).profile
      })
      return writeProfile({ file, profile, open: "Chrome DevTools, Memory, 'Load profile'" })
    })
  },
})
