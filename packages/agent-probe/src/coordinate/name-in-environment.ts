import type { Variables } from '../configure/agent-environment.ts'
import type { AgentIdentity } from './messenger.ts'

/**
 * The agent's name as a worker thread can know it. Where the main thread named the agent after its script, a
 * worker does not know it, and sends messages without a sender rather than with a wrong one.
 */
export const nameInEnvironment = (env: Variables): AgentIdentity | undefined => {
  const service = env.OTEL_SERVICE_NAME?.trim()
  return service ? { service, instance: `pid-${process.pid}` } : undefined
}
