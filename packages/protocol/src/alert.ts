import { z } from 'zod'

export const severitySchema = z.enum(['warning', 'critical'])
export type Severity = z.infer<typeof severitySchema>

/** pending: true, not yet for long enough. active: notified. resolved: over; it stays in the history. */
export const alertStateSchema = z.enum(['pending', 'active', 'resolved'])
export type AlertState = z.infer<typeof alertStateSchema>

/** Why an alert ended. `no-data`: its series went stale; `rule-removed`: the rules file no longer has it. */
export const resolveReasonSchema = z.enum(['recovered', 'no-data', 'agent-left', 'rule-removed'])
export type ResolveReason = z.infer<typeof resolveReasonSchema>

export const alertSchema = z.object({
  id: z.string().describe('One occurrence: fingerprint and the time it became pending'),
  fingerprint: z.string().describe('The same for every occurrence of one rule on one agent or series'),
  rule: z.string(),
  severity: severitySchema,
  state: alertStateSchema,
  labels: z.record(z.string(), z.string()),
  summary: z.string(),
  unit: z.string(),
  value: z.number().nullable().describe('Last value judged; null for absence'),
  threshold: z.number().nullable(),
  pendingSinceMs: z.number(),
  activeSinceMs: z.number().nullable(),
  resolvedAtMs: z.number().nullable(),
  resolveReason: resolveReasonSchema.nullable(),
  updatedAtMs: z.number(),
})
export type Alert = z.infer<typeof alertSchema>
