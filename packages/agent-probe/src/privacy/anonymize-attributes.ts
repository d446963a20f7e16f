import { aiAttributeNames, attributeNames, coordinationAttributeNames } from '@perfmon/protocol/names'

/** Which names are replaced by tokens. */
export interface Anonymization {
  readonly names: boolean
  readonly paths: boolean
  /** The same key in all agents of a swarm gives the same tokens. */
  readonly key: string | undefined
}

/** Attributes that hold a name which somebody gave: machines, peers, agents, tools, queues, tasks. */
const named: ReadonlySet<string> = new Set([
  attributeNames.hostName,
  attributeNames.serverAddress,
  aiAttributeNames.agentName,
  aiAttributeNames.toolName,
  aiAttributeNames.workflowName,
  aiAttributeNames.handoffTo,
  aiAttributeNames.messagingDestination,
  coordinationAttributeNames.taskName,
  coordinationAttributeNames.queueName,
  coordinationAttributeNames.cacheName,
])

/** Says nothing about anybody. */
const ownMachine = /^(localhost|::1|127(\.\d{1,3}){3}|unix|_OTHER)$/

const pathLike = /^(?:\/|\.{1,2}[\\/]|~\/|[A-Za-z]:[\\/]|file:)|[\\/][^\\/]+[\\/]/

const token = /^anon-[\da-f]{12}$/

export type AnonymizeValue = (name: string, value: string) => string

/**
 * Tokens are HMAC-SHA-256 of the name, cut to 48 bits: whoever lacks the key cannot try out names, and a swarm would
 * need millions of names for two to meet. Without a key one is made by chance, and the tokens of each process are its own.
 */
export const createAnonymizer = ({ names, paths, key }: Anonymization): AnonymizeValue => {
  const { createHmac, randomBytes } = process.getBuiltinModule('node:crypto')
  const secret = key ?? randomBytes(32)
  const tokenOf = (value: string) =>
    `anon-${createHmac('sha256', secret).update(value).digest('hex').slice(0, 12)}`
  return (name, value) => {
    if (value === '' || token.test(value)) return value
    if (names && named.has(name)) return ownMachine.test(value) ? value : tokenOf(value)
    // A model's name has a slash as well, and is no path.
    const isModel = name === aiAttributeNames.requestModel || name === aiAttributeNames.responseModel
    if (paths && (name === attributeNames.httpRoute || (!isModel && pathLike.test(value))))
      return tokenOf(value)
    return value
  }
}
