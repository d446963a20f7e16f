import { z } from 'zod'

/** Longest name of an action, argument or tunable. */
export const maxActionNameLength = 64

/** What an argument or a tunable may be. `null` is a number that is unknown, or none. */
const scalarSchema = z.union([z.number(), z.string().max(1_000), z.boolean(), z.null()])
export type ActionScalar = z.infer<typeof scalarSchema>

/** Arguments of an action, by name. */
export const actionArgsSchema = z.record(z.string().max(maxActionNameLength), scalarSchema)
export type ActionArgs = z.infer<typeof actionArgsSchema>

const requestIdSchema = z.union([z.string(), z.number()])

/** Asks an agent what can be done to it. */
export const actionsRequestSchema = z.object({
  type: z.literal('actions_request'),
  requestId: requestIdSchema.optional(),
})
export type ActionsRequest = z.infer<typeof actionsRequestSchema>

/** What a value may be: for people to choose from, and for programs to stay within. */
const boundsShape = {
  /** `any`: depends on another argument, as the value of a tunable on its name. */
  type: z.enum(['number', 'text', 'boolean', 'any']),
  min: z.number().optional(),
  max: z.number().optional(),
  step: z.number().optional(),
  unit: z.string().max(32).optional(),
  values: z.array(scalarSchema).max(64).optional(),
  description: z.string().max(400).optional(),
}

export const actionArgumentSchema = z.object({
  ...boundsShape,
  default: scalarSchema.optional(),
})
export type ActionArgument = z.infer<typeof actionArgumentSchema>

export const offeredActionSchema = z.object({
  name: z.string().max(maxActionNameLength),
  description: z.string().max(400),
  /** False: the agent has not allowed it; asking for it is answered by `not-allowed`. */
  allowed: z.boolean(),
  arguments: z.record(z.string(), actionArgumentSchema),
  /** Of an action that sets something: the arguments that would bring about what is in force now. */
  current: actionArgsSchema.optional(),
})
export type OfferedAction = z.infer<typeof offeredActionSchema>

export const offeredTunableSchema = z.object({
  name: z.string().max(maxActionNameLength),
  ...boundsShape,
  /** As read just now; absent when it could not be read. */
  value: scalarSchema.optional(),
})
export type OfferedTunable = z.infer<typeof offeredTunableSchema>

/** Something that is not as the agent itself has it. */
export const agentChangeSchema = z.object({
  /** `tunable:NAME` or `action:NAME`. */
  target: z.string().max(128),
  original: actionArgsSchema,
  /** Who asked, as it named itself, and when it was changed last (agent's clock, Unix milliseconds). */
  by: z.string().max(128),
  atMs: z.number(),
})
export type AgentChange = z.infer<typeof agentChangeSchema>

export const actionsResponseSchema = z.object({
  type: z.literal('actions_response'),
  requestId: requestIdSchema.optional(),
  actions: z.array(offeredActionSchema).max(256),
  tunables: z.array(offeredTunableSchema).max(256),
  changes: z.array(agentChangeSchema).max(512),
})
export type ActionsResponse = z.infer<typeof actionsResponseSchema>

/**
 * Asks an agent to do something. A repeated `requestId` is answered by the first result and does nothing again,
 * so a request whose answer got lost can be sent once more. After `deadlineMs` (Unix milliseconds, by the
 * agent's clock) it is not begun.
 */
export const actionRequestSchema = z.object({
  type: z.literal('action_request'),
  requestId: z.string().min(8).max(128),
  action: z.string().max(maxActionNameLength),
  args: actionArgsSchema.optional(),
  deadlineMs: z.number().optional(),
  by: z.string().max(128).optional(),
})
export type ActionRequest = z.infer<typeof actionRequestSchema>

export const actionResponseSchema = z.object({
  type: z.literal('action_response'),
  requestId: z.string().max(128),
  action: z.string().max(maxActionNameLength),
  /** Of the action itself; a plain JSON value. */
  result: z.unknown(),
  /** How to take it back … */
  undo: z.object({ action: z.string().max(maxActionNameLength), args: actionArgsSchema }).optional(),
  /** … or why that cannot be. Exactly one of the two is there. */
  irreversible: z.string().max(400).optional(),
  durationMs: z.number().min(0),
})
export type ActionResponse = z.infer<typeof actionResponseSchema>
