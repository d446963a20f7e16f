import { durationSchema } from '@perfmon/core'
import { z } from 'zod'
import { isNetwork } from './self-registered.ts'

/** How a `HOST:PORT` becomes an address. */
const way = {
  scheme: z.enum(['ws', 'wss']).default('ws'),
  path: z
    .string()
    .regex(/^\/[^\s#]*$/, 'it should look like /metrics')
    .default('/metrics'),
}
const refreshSchema = durationSchema.refine((ms) => ms >= 1_000, { error: 'it should be 1s or more' })
const nameServerSchema = z
  .string()
  .regex(
    /^(?:[\d.]+|[\da-f:]+|[\d.]+:\d{1,5}|\[[\da-f:]+\](?::\d{1,5})?)$/i,
    'it should look like 10.0.0.10 or [::1]:53',
  )

/** The part `discovery` of the configuration: where lists of agents come from. */
export const discoverySchema = z
  .strictObject({
    files: z
      .array(
        z.strictObject({
          path: z.string().min(1),
          // Read this often even if the system tells of no change.
          refresh: refreshSchema.prefault('5s'),
        }),
      )
      .max(100)
      .default([]),
    dns: z
      .array(
        z
          .strictObject({
            name: z.string().regex(/^[\w.-]{1,253}$/, 'it should look like agents.example'),
            type: z.enum(['A', 'AAAA', 'SRV']).default('A'),
            port: z.number().int().min(1).max(65_535).optional(),
            refresh: refreshSchema.prefault('30s'),
            // Name servers to ask instead of the system's.
            servers: z.array(nameServerSchema).max(10).default([]),
            labels: z.record(z.string(), z.string()).default({}),
            ...way,
          })
          .refine(({ type, port }) => type === 'SRV' || port !== undefined, {
            error: 'records of type A and AAAA need a `port`; SRV records have their own',
          }),
      )
      .max(100)
      .default([]),
    kubernetes: z
      .array(
        z.strictObject({
          role: z.enum(['endpointslices', 'pods']).default('endpointslices'),
          // Absent: the one that Perfmon runs in. `*`: all of them.
          namespace: z
            .string()
            .regex(/^(?:\*|[a-z0-9-]{1,63})$/, 'it should be the name of a namespace, or *')
            .optional(),
          selector: z.string().min(1).max(1_000),
          port: z.union([z.string().min(1), z.number().int().min(1).max(65_535)]).optional(),
          swarm_label: z.string().min(1).default('app.kubernetes.io/part-of'),
          // Outside of a cluster; inside, the service account says all of it.
          api_server: z
            .url({ protocol: /^https$/, error: 'it should look like https://10.0.0.1:6443' })
            .optional(),
          ca_file: z.string().min(1).optional(),
          token_file: z.string().min(1).optional(),
          ...way,
        }),
      )
      .max(20)
      .default([]),
    self_registered: z
      .strictObject({
        // Of these networks agents may name their own addresses. None: such addresses are not used.
        allow: z
          .array(z.string().refine(isNetwork, { error: 'it should look like 127.0.0.0/8' }))
          .max(100)
          .default([]),
      })
      .prefault({}),
  })
  .prefault({})

export type DiscoverySettings = z.output<typeof discoverySchema>
