import { Resolver } from 'node:dns/promises'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import { agentAddresses } from './agent-addresses.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { attributesOfLabels, mostTargets, type Target } from './target.ts'

/** What is asked of a name server; {@link Resolver} is one. */
export type NameResolver = Pick<Resolver, 'resolve4' | 'resolve6' | 'resolveSrv' | 'cancel'>

export interface DnsTargetsOptions {
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'SRV'
  /** Of A and AAAA; SRV records have their own. */
  readonly port: number | undefined
  readonly scheme: 'ws' | 'wss'
  readonly path: string
  readonly refreshMs: number
  readonly labels: Readonly<Record<string, string>>
  readonly resolver: NameResolver
  readonly clock: Clock
  readonly logger: Logger
}

/** Asks these name servers (`10.0.0.10`, `[::1]:5353`), or those of the system when there are none. */
export function nameResolver(servers: readonly string[]): NameResolver {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 })
  if (servers.length > 0) resolver.setServers(servers)
  return resolver
}

/**
 * Agents behind a name, asked for again and again. A name server that fails changes nothing; one that says that there is
 * nobody is believed the second time in a row: a zone that is being reloaded says so too, for a moment.
 */
export function dnsTargets(options: DnsTargetsOptions): DiscoverySource {
  const { name, type, refreshMs, labels, resolver, clock, logger } = options
  const counts = { failures: 0, leftOut: 0 }
  const attributes = attributesOfLabels(labels)

  async function places(): Promise<readonly { host: string; port: number | undefined }[]> {
    const { port } = options
    if (type === 'A') return (await resolver.resolve4(name)).map((host) => ({ host, port }))
    if (type === 'AAAA') return (await resolver.resolve6(name)).map((host) => ({ host: `[${host}]`, port }))
    return (await resolver.resolveSrv(name)).map((record) => ({ host: record.name, port: record.port }))
  }

  return {
    kind: 'dns',
    name: `${name} ${type}`,
    stats: () => ({ ...counts }),
    watch(onTargets) {
      let timer: NodeJS.Timeout | undefined
      let isStopped = false
      let emptyInARow = 0
      let lastComplaint: string | undefined

      async function look() {
        try {
          const found = targetsAt(await places())
          if (isStopped) return
          emptyInARow = 0
          lastComplaint = undefined
          onTargets(found)
        } catch (error) {
          if (isStopped) return
          const { code = 'unknown' } = error as NodeJS.ErrnoException
          if (code === 'ENOTFOUND' || code === 'ENODATA') emptyInARow += 1
          if (emptyInARow >= 2) onTargets([])
          else {
            counts.failures += 1
            if (code !== lastComplaint)
              logger.warn(
                { dns: name, type, code },
                'a name could not be resolved; the agents it last had stay',
              )
            lastComplaint = code
          }
        }
        // Aggregators that were started together do not ask together for ever.
        timer = setTimeout(() => void look(), refreshMs * (0.9 + 0.2 * clock.random()))
      }

      function targetsAt(found: Awaited<ReturnType<typeof places>>): Target[] {
        const targets: Target[] = []
        let leftOut = Math.max(0, found.length - mostTargets)
        for (const { host, port } of found.slice(0, mostTargets)) {
          // What a name server says is not what a person wrote: it has to look like an address to be one.
          try {
            const address = `${options.scheme}://${host.replace(/\.$/, '')}:${port}${options.path}`
            targets.push({ url: agentAddresses(address, 1)[0]!, labels: attributes })
          } catch {
            leftOut += 1
          }
        }
        counts.leftOut = leftOut
        return targets
      }

      void look()
      return () => {
        isStopped = true
        clearTimeout(timer)
        resolver.cancel()
      }
    },
  }
}
