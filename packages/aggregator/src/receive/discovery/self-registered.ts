import { BlockList, isIP } from 'node:net'
import { attributeNames } from '@perfmon/protocol'
import type { AgentTable } from '../../store/agent-table.ts'
import { AddressError, agentAddresses } from './agent-addresses.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { mostTargets, type Target } from './target.ts'

export interface SelfRegisteredOptions {
  /** Networks that agents may name addresses of: `127.0.0.0/8`, `fd00::/8`. */
  readonly allow: readonly string[]
  readonly agents: Pick<AgentTable, 'list'>
  readonly refreshMs: number
}

/**
 * Agents whose reports say where they can be asked (`perfmon.agent.websocket.url`).
 *
 * Whoever may report could make the aggregator connect to any place, with its token: only addresses in the networks that
 * the operator named are used, as numbers or `localhost`; a name could be somebody else's a moment later. What is not
 * allowed is counted.
 */
export function selfRegistered({ allow, agents, refreshMs }: SelfRegisteredOptions): DiscoverySource {
  const allowed = networks(allow)
  let leftOut = 0
  let registered = new Set<string>()

  function look(): Target[] {
    const targets: Target[] = []
    leftOut = 0
    for (const { source, status, attributes } of agents.list()) {
      const address = attributes[attributeNames.agentWebSocketUrl]
      if (address === undefined || status === 'left') continue
      const url = allowedAddress(address, allowed)
      // Who reports no longer and is only polled has registered before; others that are polled have their address from
      // another list. One that is offline stays: taken off the list it would have left, and nobody would miss it.
      if (source !== 'otlp' && (url === undefined || !registered.has(url))) continue
      if (url === undefined || targets.length === mostTargets) leftOut += 1
      else targets.push({ url, labels: {}, isMaybe: true })
    }
    registered = new Set(targets.map(({ url }) => url))
    return targets
  }

  return {
    kind: 'self-registered',
    name: allow.join(','),
    stats: () => ({ failures: 0, leftOut }),
    watch(onTargets) {
      let last = ''
      const timer = setInterval(() => {
        const targets = look()
        const now = targets.map(({ url }) => url).join(' ')
        if (now === last) return
        last = now
        onTargets(targets)
      }, refreshMs)
      return () => clearInterval(timer)
    },
  }
}

function allowedAddress(address: string, allowed: BlockList): string | undefined {
  let url: string
  try {
    url = agentAddresses(address, 1)[0]!
  } catch (error) {
    if (error instanceof AddressError) return undefined
    throw error
  }
  const { hostname } = new URL(url)
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  if (family === 0 || !allowed.check(host, family === 6 ? 'ipv6' : 'ipv4')) return undefined
  return url
}

function networks(allow: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of allow) {
    const [address, prefix] = network.split('/')
    const family = isIP(address!)
    list.addSubnet(address!, Number(prefix ?? (family === 6 ? 128 : 32)), family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/** Whether a text is a network as {@link selfRegistered} takes it. */
export function isNetwork(text: string): boolean {
  const match = /^([\d.]+|[\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text)
  const family = match ? isIP(match[1]!) : 0
  return family !== 0 && Number(match![2] ?? 0) <= (family === 6 ? 128 : 32)
}
