import { durationSchema } from '@perfmon/core'
import { z } from 'zod'

/** The part `discovery` of the configuration: where lists of agents come from. */
export const discoverySchema = z
  .strictObject({
    files: z
      .array(
        z.strictObject({
          path: z.string().min(1),
          // Read this often even if the system tells of no change.
          refresh: durationSchema.prefault('5s'),
        }),
      )
      .max(100)
      .default([]),
  })
  .prefault({})

export type DiscoverySettings = z.output<typeof discoverySchema>
