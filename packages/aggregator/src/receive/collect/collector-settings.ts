import { durationSchema } from '@perfmon/core'
import { z } from 'zod'

/** How much a collector tells: the few numbers that rules watch, what a page shows, or every part by itself. */
export const collectorLevels = ['minimal', 'standard', 'detailed'] as const
export type CollectorLevel = (typeof collectorLevels)[number]

const intervalSchema = durationSchema.refine((ms) => ms >= 100 && ms <= 3_600_000, {
  error: 'it should be between 100ms and 1h',
})

function collectorSchema(interval: string) {
  return z
    .strictObject({
      enabled: z.boolean().default(true),
      interval: intervalSchema.prefault(interval),
      // Absent: that of all collectors.
      level: z.enum(collectorLevels).optional(),
    })
    .prefault({})
}

/** The part `collectors` of the configuration. */
export const collectorsSchema = z
  .strictObject({
    level: z.enum(collectorLevels).default('standard'),
    system: collectorSchema('1s'),
    api: collectorSchema('500ms'),
    swarm: collectorSchema('5s'),
    neural: collectorSchema('2s'),
    memory: collectorSchema('3s'),
  })
  .prefault({})

export type CollectorSettings = z.output<typeof collectorsSchema>
export type CollectorName = Exclude<keyof CollectorSettings, 'level'>
