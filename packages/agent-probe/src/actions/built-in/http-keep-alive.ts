import http, { type Agent } from 'node:http'
import https from 'node:https'
import type { ActionArgs, ActionArgument } from '@perfmon/protocol'
import { ActionError } from '../action-error.ts'
import type { Setting } from '../setting-action.ts'

/** undici's own symbols: Node's `fetch` and the package share what is found there. */
const dispatcherSymbols = [Symbol.for('undici.globalDispatcher.2'), Symbol.for('undici.globalDispatcher.1')]

type Dispatcher = object & { constructor: new (options: object) => Dispatcher }
const holder = globalThis as unknown as Record<symbol, Dispatcher | undefined>

/** JSON has no Infinity: 0 means without limit. */
const toLimit = (sockets: number): number => (Number.isFinite(sockets) ? sockets : 0)
const fromLimit = (limit: unknown): number => (limit === 0 ? Number.POSITIVE_INFINITY : Number(limit))

/** Fields that Node documents only as options. */
type PoolAgent = Agent & { keepAlive?: boolean; options: { keepAlive?: boolean | undefined } }

const setKeepAlive = (agent: PoolAgent, keepAlive: boolean): void => {
  // Both are read: the field for the header and for keeping, the option for the probe packets of TCP.
  agent.keepAlive = keepAlive
  agent.options.keepAlive = keepAlive
  if (keepAlive) return
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy()
  }
}

const pool: ActionArgument = { type: 'number', min: 0, max: 10_000, step: 1, unit: '{socket}' }

/**
 * The connection pools that an agent shares by default: `http.globalAgent`, `https.globalAgent`, and the dispatcher
 * of `fetch`. Pools of its own an agent can declare as tunables. A request under way keeps its connection.
 */
export const httpKeepAlive = (): Setting => {
  /** The agent's own, and what was put in their places. */
  let replaced: { key: symbol; own: Dispatcher; ours: Dispatcher }[] = []
  let connections = 0

  const isOurs = () => replaced.some(({ key, ours }) => holder[key] === ours)

  const giveBack = () => {
    for (const { key, own, ours } of replaced) {
      // The agent has set another one since: that one is what it wants.
      if (holder[key] === ours) holder[key] = own
    }
    replaced = []
    connections = 0
  }

  const limitFetch = (limit: number) => {
    giveBack()
    if (limit === 0) return
    // Newer versions keep one for the older ones' symbol too: whichever is asked, the limit is the same.
    const found = dispatcherSymbols.filter((key) => holder[key]?.constructor.name === 'Agent')
    if (found.length === 0) {
      throw new ActionError(
        'action-failed',
        'fetch has no dispatcher of its usual kind that could be limited: the agent has not used it, or set its own',
      )
    }
    connections = limit
    replaced = found.map((key) => {
      const own = holder[key]!
      const ours = new own.constructor({ connections: limit })
      holder[key] = ours
      return { key, own, ours }
    })
  }

  return {
    description:
      'Sets the shared connection pools: keep-alive and most sockets per host of http and https (0: no limit), most connections per host of fetch (0: as the agent has it).',
    arguments: {
      httpKeepAlive: { type: 'boolean' },
      httpMaxSockets: pool,
      httpsKeepAlive: { type: 'boolean' },
      httpsMaxSockets: pool,
      fetchConnections: pool,
    },
    read: (): ActionArgs => ({
      httpKeepAlive: (http.globalAgent as PoolAgent).keepAlive === true,
      httpMaxSockets: toLimit(http.globalAgent.maxSockets),
      httpsKeepAlive: (https.globalAgent as PoolAgent).keepAlive === true,
      httpsMaxSockets: toLimit(https.globalAgent.maxSockets),
      fetchConnections: isOurs() ? connections : 0,
    }),
    apply(args) {
      // First, as it is the one that can be refused.
      if (args['fetchConnections'] !== undefined) limitFetch(Number(args['fetchConnections']))
      if (args['httpKeepAlive'] !== undefined)
        setKeepAlive(http.globalAgent as PoolAgent, args['httpKeepAlive'] === true)
      if (args['httpMaxSockets'] !== undefined)
        http.globalAgent.maxSockets = fromLimit(args['httpMaxSockets'])
      if (args['httpsKeepAlive'] !== undefined) {
        setKeepAlive(https.globalAgent as PoolAgent, args['httpsKeepAlive'] === true)
      }
      if (args['httpsMaxSockets'] !== undefined) {
        https.globalAgent.maxSockets = fromLimit(args['httpsMaxSockets'])
      }
    },
  }
}
