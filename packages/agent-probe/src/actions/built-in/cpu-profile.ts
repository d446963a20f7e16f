import { inspect } from '../inspect.ts'
import type { Offer } from '../offer.ts'
import type { ProfileFolder } from '../profile-folder.ts'
import { resting } from '../resting.ts'
import { writeProfile } from '../write-profile.ts'

/** Measured: 40 to 150 bytes per sample, and some hundred kilobytes of functions. */
const bytesPerSample = 150
const bytesOfFunctions = 4 * 1024 ** 2

/** Writes what Chrome's DevTools and VS Code open: which functions the agent's main thread spent its time in. */
export const cpuProfile = (folder: ProfileFolder): Offer => ({
  description: 'Profiles the CPU of the main thread into a .cpuprofile file. Costs a few percent meanwhile.',
  needsPermission: true,
  isHeavy: true,
  arguments: {
    durationMs: { type: 'number', min: 100, max: 60_000, default: 5000, unit: 'ms' },
    samplingUs: { type: 'number', min: 100, max: 100_000, default: 1000, unit: 'us' },
  },
  timeLimitMs: ({ durationMs }) => Number(durationMs) + 30_000,
  async run({ durationMs, samplingUs }) {
    const expected = bytesOfFunctions + ((Number(durationMs) * 1000) / Number(samplingUs)) * bytesPerSample
    return folder.fillFile({ kind: 'cpu', extension: 'cpuprofile', bytes: expected }, async (file) => {
      const profile = await inspect(async (session) => {
        await session.post('Profiler.enable')
        await session.post('Profiler.setSamplingInterval', { interval: Number(samplingUs) })
        await session.post('Profiler.start')
        await resting(Number(durationMs))
        return (await session.post('Profiler.stop')).profile
      })
      return writeProfile({ file, profile, open: "Chrome DevTools, Performance, 'Load profile'; or VS Code" })
    })
  },
})
