import type { Variables } from '../configure/agent-environment.ts'
import { randomId } from '../random-id.ts'

/** By which a parent tells its child who it is. For us alone: it is taken out of the child's environment. */
export const parentVariable = 'PERFMON_PARENT'

/** Longest id that is passed on. */
const maxIdLength = 256

export interface ProcessIdentity {
  /** `service.instance.id`: of this process alone. */
  instanceId(): string
  /** The nearest watched process that started this one. */
  readonly parentInstanceId: string | undefined
  /** What to tell a child: `+` when it has our resource attributes, `=` when it has its own, and our id. */
  forChild(hasOurAttributes: boolean): string
}

/** `service.instance.id` as somebody gave it. The whole list is read, and its mistakes told, later. */
const givenId = (attributes: string | undefined): string | undefined => {
  const name = 'service.instance.id='
  const pair = attributes?.split(',').find((part) => part.trim().startsWith(name))
  const value = pair?.trim().slice(name.length).trim()
  if (value === undefined || value === '') return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

/**
 * Who this process is. Everything costly is put off until somebody asks. A given id is kept, but not by a child
 * that only inherited it: two processes with one id would be one agent with nonsense for numbers.
 */
export const createProcessIdentity = (
  env: Variables,
  processEnv: Record<string, string | undefined>,
): ProcessIdentity => {
  const told = processEnv[parentVariable]
  if (told !== undefined) delete processEnv[parentVariable]
  const parentInstanceId = told === undefined || told.length < 2 ? undefined : told.slice(1, maxIdLength + 1)
  const isInherited = told?.startsWith('+') === true
  let instanceId: string | undefined
  const read = () => {
    instanceId ??= (isInherited ? undefined : givenId(env.OTEL_RESOURCE_ATTRIBUTES)) ?? randomId()
    return instanceId
  }
  return {
    instanceId: read,
    parentInstanceId,
    forChild: (hasOurAttributes) => `${hasOurAttributes ? '+' : '='}${read()}`,
  }
}
