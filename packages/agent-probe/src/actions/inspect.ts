import type { Session } from 'node:inspector/promises'
import { ActionError, messageOf } from './action-error.ts'

/**
 * Runs something with an inspector session of its own on this thread. No port is opened, and nothing waits for a
 * debugger. The session is closed whatever happens: an open one would go on profiling.
 */
export const inspect = async <Value>(use: (session: Session) => Promise<Value>): Promise<Value> => {
  let session: Session
  try {
    const inspector = await import('node:inspector/promises')
    session = new inspector.Session()
    session.connect()
  } catch (error) {
    throw new ActionError('action-failed', `This Node has no inspector: ${messageOf(error)}`)
  }
  try {
    return await use(session)
  } finally {
    session.disconnect()
  }
}
